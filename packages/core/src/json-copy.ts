import { isSluiceError, SluiceError, type SluiceErrorDetails } from './errors.ts'
import { pointerTo } from './schema-error.ts'

/** Deeper input is refused: no person writes it, and recursion over it could exhaust the stack. */
const deepest = 64
/**
 * One flag or segment may hold this many values: as many ids as a document of 10 MB could. Parts that
 * are shared count each time, so that a few lines cannot unfold into billions.
 */
const mostValues = 250_000

/**
 * Copies input from outside into plain data that nobody else holds and nobody can change.
 *
 * Each property is read once, so that what is checked afterwards is what is served. Properties that
 * are undefined are left out, as JSON would leave them out. What is no JSON, such as a function, stays for
 * the schema to refuse.
 *
 * @param path Where the input stands, and `flag` whose it is, for errors.
 * @throws SluiceError `too_deep` (circular input too), `too_large`, `invalid_key` for `__proto__`,
 * `invalid_type` for an object that is neither plain nor a list, `unreadable` where reading throws.
 */
export function copyJson(input: unknown, path: readonly string[], flag?: string): unknown {
  return new Copier(path, flag).run(input)
}

class Copier {
  readonly #path: readonly string[]
  readonly #flag: string | undefined
  /** The keys on the way to the value that is being read. */
  readonly #trail: (string | number)[] = []
  #count = 0

  constructor(path: readonly string[], flag: string | undefined) {
    this.#path = path
    this.#flag = flag
  }

  run(input: unknown): unknown {
    try {
      return this.#copy(input, 0)
    } catch (cause) {
      if (isSluiceError(cause)) throw cause
      throw unreadable(this.#place(), cause, this.#flag)
    }
  }

  #copy(value: unknown, depth: number): unknown {
    if (++this.#count > mostValues) {
      throw this.#refuse('too_large', `of at most ${mostValues} values`, 'more', this.#path)
    }
    if (typeof value !== 'object' || value === null) return value
    if (depth === deepest) {
      throw this.#refuse('too_deep', `of at most ${deepest} levels`, 'more', this.#path)
    }
    return Object.freeze(
      Array.isArray(value) ? this.#copyList(value, depth) : this.#copyRecord(value, depth),
    )
  }

  #copyList(list: readonly unknown[], depth: number): unknown[] {
    const copied: unknown[] = []
    for (let index = 0; index < list.length; index++) {
      this.#enter(depth, index)
      copied.push(this.#copy(list[index], depth + 1))
    }
    return copied
  }

  #copyRecord(record: object, depth: number): Record<string, unknown> {
    if (!isPlainObject(record)) {
      const found = `an instance of ${(record as object).constructor?.name}`
      throw this.#refuse('invalid_type', 'a plain object', found)
    }
    const copied: Record<string, unknown> = {}
    for (const key of Object.keys(record)) {
      this.#enter(depth, key)
      if (key === '__proto__') throw this.#refuse('invalid_key', 'another name', key)
      const value = record[key]
      if (value !== undefined) copied[key] = this.#copy(value, depth + 1)
    }
    return copied
  }

  #enter(depth: number, key: string | number): void {
    this.#trail.length = depth
    this.#trail.push(key)
  }

  #place(): string[] {
    return [...this.#path, ...this.#trail.map(String)]
  }

  #refuse(
    code: string,
    expected: string,
    found: string,
    path: readonly string[] = this.#place(),
  ): SluiceError {
    return refusal(
      code,
      path,
      expected,
      found,
      this.#flag === undefined ? {} : { flag: this.#flag },
    )
  }
}

/**
 * Reads input that may be a proxy or have getters.
 *
 * @throws SluiceError `unreadable` for whatever reading throws.
 */
export function reading<T>(path: readonly string[], read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: readonly string[], cause: unknown, flag?: string): SluiceError {
  const details = { cause, ...(flag === undefined ? {} : { flag }) }
  return refusal('unreadable', path, 'readable data', 'something that throws', details)
}

/** Whether a value is an object as JSON or a literal makes it, in whichever realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function refusal(
  code: string,
  path: readonly string[],
  expected: string,
  found: string,
  details: SluiceErrorDetails,
): SluiceError {
  const pointer = pointerTo(path)
  const subject = details.flag === undefined ? '' : `flag "${details.flag}": `
  const place = pointer === '' ? 'the definitions' : pointer
  const message = `${subject}${place} must be ${expected}, found ${found}`
  return new SluiceError(code, message, { ...details, pointer, expected, found })
}
