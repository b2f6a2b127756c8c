// MurmurHash3 x86 32-bit, constants from Austin Appleby's reference MurmurHash3.cpp.
const C1 = 0xcc9e2d51 | 0
const C2 = 0x1b873593
const FMIX1 = 0x85ebca6b | 0
const FMIX2 = 0xc2b2ae35 | 0

/**
 * MurmurHash3 x86 32-bit, seed 0, of `prefix + text` as UTF-8, with the prefix hashed once.
 *
 * ASCII text under an ASCII prefix is hashed in place and allocates nothing; anything else is
 * encoded first, to the same result.
 */
export class PrefixHash {
  private readonly prefix: string
  private readonly isAscii: boolean
  /** The state after the prefix's whole blocks of four bytes. */
  private readonly state: number
  /** The prefix's last zero to three bytes, little-endian. */
  private readonly tail: number
  /** How many bits of the next block the tail fills: 0, 8, 16 or 24. */
  private readonly tailBits: number

  constructor(prefix: string) {
    const bytes = encode(prefix)
    this.prefix = prefix
    this.isAscii = bytes.length === prefix.length
    this.state = hashBlocks(bytes)
    this.tail = readTail(bytes)
    this.tailBits = (bytes.length & 3) * 8
  }

  /** The upper 30 bits of the hash: an integer in [0, 2^30), which V8 never boxes. */
  top30(text: string): number {
    const length = text.length
    let { state, tail: block, tailBits: bits } = this
    // Every code unit seen, or-ed: above 127 where one of them is not ASCII.
    let seen = this.isAscii ? 0 : 128
    let i = 0
    // Bring the text to a block boundary, so that the loop below takes whole blocks.
    while (bits !== 0 && i < length) {
      const code = text.charCodeAt(i++)
      seen |= code
      block |= code << bits
      bits = (bits + 8) & 31
      if (bits === 0) {
        state = mixBlock(state, block)
        block = 0
      }
    }
    for (; i < length - 3; i += 4) {
      const a = text.charCodeAt(i)
      const b = text.charCodeAt(i + 1)
      const c = text.charCodeAt(i + 2)
      const d = text.charCodeAt(i + 3)
      seen |= a | b | c | d
      state = mixBlock(state, a | (b << 8) | (c << 16) | (d << 24))
    }
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      seen |= code
      block |= code << bits
      bits += 8
    }
    if (seen > 127) return this.encodedTop30(text)
    return finish(state, block, this.prefix.length + length)
  }

  private encodedTop30(text: string): number {
    const bytes = encode(this.prefix + text)
    return finish(hashBlocks(bytes), readTail(bytes), bytes.length)
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function hashBlocks(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let state = 0
  for (let i = 0; i < bytes.length - 3; i += 4) state = mixBlock(state, view.getInt32(i, true))
  return state
}

function readTail(bytes: Uint8Array): number {
  return bytes.subarray(bytes.length & ~3).reduceRight((block, byte) => (block << 8) | byte, 0)
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
