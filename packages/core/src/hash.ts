// MurmurHash3 x86 32-bit, constants from Austin Appleby's reference MurmurHash3.cpp.
const C1 = 0xcc9e2d51 | 0
const C2 = 0x1b873593
const FMIX1 = 0x85ebca6b | 0
const FMIX2 = 0xc2b2ae35 | 0

/**
 * MurmurHash3 x86 32-bit, seed 0, of `prefix + text` as UTF-8, with the prefix hashed once.
 *
 * ASCII text is hashed in place and allocates nothing; anything else is encoded first, to the same
 * result.
 */
export class PrefixHash {
  // Declared, for an emitted field would cost a browser bytes and do nothing.
  declare private readonly prefix: string
  /** In bytes, as UTF-8. */
  declare private readonly length: number
  /** The state after the prefix's whole blocks of four bytes. */
  declare private readonly state: number
  /** The prefix's last zero to three bytes, little-endian. */
  declare private readonly tail: number

  constructor(prefix: string) {
    const bytes = new TextEncoder().encode(prefix)
    const { length } = bytes
    let state = 0
    let block = 0
    for (let i = 0; i < length; i++) {
      block |= (bytes[i] as number) << ((i & 3) * 8)
      if ((i & 3) === 3) {
        state = mixBlock(state, block)
        block = 0
      }
    }
    this.prefix = prefix
    this.length = length
    this.state = state
    this.tail = block
  }

  /** The upper 30 bits of the hash: an integer in [0, 2^30), which V8 never boxes. */
  top30(text: string): number {
    const { length } = text
    const bits = (this.length & 3) * 8
    let { state, tail } = this
    // Every code unit seen, or-ed: above 127 where one of them is not ASCII.
    let seen = 0
    let i = 0
    for (; i < length - 3; i += 4) {
      const a = text.charCodeAt(i)
      const b = text.charCodeAt(i + 1)
      const c = text.charCodeAt(i + 2)
      const d = text.charCodeAt(i + 3)
      seen |= a | b | c | d
      const word = a | (b << 8) | (c << 16) | (d << 24)
      state = mixBlock(state, tail | (word << bits))
      tail = carry(word, bits)
    }
    let rest = 0
    for (let shift = 0; i < length; i++, shift += 8) {
      const code = text.charCodeAt(i)
      seen |= code
      rest |= code << shift
    }
    if (seen > 127) {
      const whole = new PrefixHash(this.prefix + text)
      return finish(whole.state, whole.tail, whole.length)
    }
    tail |= rest << bits
    if (bits + (length & 3) * 8 >= 32) {
      state = mixBlock(state, tail)
      tail = carry(rest, bits)
    }
    return finish(state, tail, this.length + length)
  }
}

/** What of a word lies beyond the block it is shifted into; nothing for a shift of 0. */
function carry(word: number, bits: number): number {
  return (word >>> 1) >>> (31 - bits)
}

function scramble(block: number): number {
  const k = Math.imul(block, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

function mixBlock(state: number, block: number): number {
  const h = state ^ scramble(block)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** An empty tail scrambles to nothing, as it should. */
function finish(state: number, tail: number, length: number): number {
  let h = state ^ scramble(tail) ^ length
  h = Math.imul(h ^ (h >>> 16), FMIX1)
  h = Math.imul(h ^ (h >>> 13), FMIX2)
  return (h ^ (h >>> 16)) >>> 2
}
