/** Places that a key may stand in: a full one is written over only when all four are taken. */
const ways = 4
/** Tells a mark from an empty place. Marks are of 30 bits, so that V8 never boxes them. */
const taken = 1 << 30

/**
 * Remembers what was seen, in memory that never grows: two hashes of 30 bits, of which one says where and the other is
 * kept. Where there is no room the oldest way out is to forget: something is then new again, and never the other way
 * round, but for two keys whose hashes agree (about once in 2^30 for each key in the same four places).
 */
export class ExposureTable {
  readonly #marks: Int32Array
  readonly #mask: number
  #next = 0

  /** @param size Places, a power of two from 4. Each takes four bytes. */
  constructor(size: number) {
    this.#marks = new Int32Array(size)
    this.#mask = size / ways - 1
  }

  /** Whether it was seen since the table was last cleared. */
  has(place: number, mark: number): boolean {
    const marks = this.#marks
    const first = (place & this.#mask) * ways
    const wanted = mark | taken
    return (
      marks[first] === wanted ||
      marks[first + 1] === wanted ||
      marks[first + 2] === wanted ||
      marks[first + 3] === wanted
    )
  }

  /** Remembers it. */
  add(place: number, mark: number): void {
    const marks = this.#marks
    const first = (place & this.#mask) * ways
    let at = 0
    while (at < ways && marks[first + at] !== 0) at += 1
    if (at === ways) {
      at = this.#next
      this.#next = (at + 1) % ways
    }
    marks[first + at] = mark | taken
  }

  /** Forgets everything. */
  clear(): void {
    this.#marks.fill(0)
  }
}
