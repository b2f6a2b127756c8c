import murmurhash from 'murmurhash'

// MurmurHash3 x86 32-bit, constants from Austin Appleby's reference MurmurHash3.cpp.
const C1 = 0xcc9e2d51 | 0
const C2 = 0x1b873593
const FMIX1 = 0x85ebca6b | 0
const FMIX2 = 0xc2b2ae35 | 0

/**
 * MurmurHash3 x86 32-bit, seed 0, of `prefix + text` as UTF-8, with the prefix hashed once.
 *
 * ASCII text under an ASCII prefix is hashed in place and allocates nothing; anything else goes
 * through the npm package `murmurhash`, to the same result.
 */
export class PrefixHash {
  readonly #prefix: string
  /** The state after the prefix's whole blocks of four bytes. */
  readonly #state: number
  /** The prefix's last zero to three bytes, little-endian. */
  readonly #tail: number
  /** How many bits of the next block the tail fills: 0, 8, 16 or 24. */
  readonly #tailBits: number
  /** Bytes in the prefix; -1 where it is not ASCII. */
  readonly #length: number

  constructor(prefix: string) {
    let state = 0
    let block = 0
    let bits = 0
    let seen = 0
    for (let i = 0; i < prefix.length; i++) {
      const code = prefix.charCodeAt(i)
      seen |= code
      block |= code << bits
      bits += 8
      if (bits === 32) {
        state = mixBlock(state, block)
        block = 0
        bits = 0
      }
    }
    this.#prefix = prefix
    this.#state = state
    this.#tail = block
    this.#tailBits = bits
    this.#length = seen > 127 ? -1 : prefix.length
  }

  /** The upper 30 bits of the hash: an integer in [0, 2^30), which V8 never boxes. */
  top30(text: string): number {
    const length = text.length
    if (this.#length < 0) return this.#slowTop30(text)
    let state = this.#state
    let block = this.#tail
    let bits = this.#tailBits
    let seen = 0
    let i = 0
    // Bring the text to a block boundary, so that the loop below takes whole blocks.
    while (bits !== 0 && i < length) {
      const code = text.charCodeAt(i++)
      seen |= code
      block |= code << bits
      bits += 8
      if (bits === 32) {
        state = mixBlock(state, block)
        block = 0
        bits = 0
      }
    }
    for (const end = length - 3; i < end; i += 4) {
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
    if (seen > 127) return this.#slowTop30(text)
    if (bits !== 0) state ^= scramble(block)
    return finish(state, this.#length + length) >>> 2
  }

  #slowTop30(text: string): number {
    return murmurhash.v3(this.#prefix + text, 0) >>> 2
  }
}

function scramble(block: number): number {
  const k = Math.imul(block, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

function mixBlock(state: number, block: number): number {
  const h = state ^ scramble(block)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

function finish(state: number, length: number): number {
  let h = state ^ length
  h = Math.imul(h ^ (h >>> 16), FMIX1)
  h = Math.imul(h ^ (h >>> 13), FMIX2)
  return h ^ (h >>> 16)
}
