import { type Json, SluiceError } from '@sluice/core'

/** The deepest nesting a value may have; the same bound as for definitions. */
export const maxDepth = 64

/**
 * Copies a value, frozen, as what a JSON reader would give back: history cannot be changed through
 * it, and memory and disk hold the same.
 *
 * @param pointer Where the value stands in the caller's input, for the error.
 * @throws SluiceError `invalid_commit` for what JSON cannot carry or would change in silence:
 * undefined, NaN, infinities, BigInt, functions, symbols, dates and other class instances, holes,
 * cycles, lone surrogates, the key `__proto__`, and nesting beyond {@link maxDepth}.
 */
export function copyJson(value: unknown, pointer: string): Json {
  return copy(value, pointer, 0)
}

/** Freezes a JSON value and everything in it. What is frozen already is taken to be so throughout. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) freezeDeep(inner)
  return Object.freeze(value)
}

/** Whether the text holds half of a surrogate pair, which UTF-8 cannot carry. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text)
}

function copy(value: unknown, pointer: string, depth: number): Json {
  if (depth > maxDepth) throw refuse(pointer, `at most ${maxDepth} levels`, 'deeper nesting')
  switch (typeof value) {
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refuse(pointer, 'a finite number', String(value))
      // JSON writes -0 as 0; so does the copy, or memory and disk would differ.
      return value === 0 ? 0 : value
    case 'string':
      if (hasLoneSurrogate(value)) throw refuse(pointer, 'well-formed text', 'a lone surrogate')
      return value
    case 'object':
      if (value === null) return null
      return Array.isArray(value)
        ? copyArray(value, pointer, depth)
        : copyObject(value, pointer, depth)
    default:
      throw refuse(pointer, 'a JSON value', typeof value)
  }
}

function copyArray(value: readonly unknown[], pointer: string, depth: number): Json {
  // Not `map`: it would pass over holes.
  const items = Array.from(value, (item, index) => copy(item, `${pointer}/${index}`, depth + 1))
  return Object.freeze(items)
}

function copyObject(value: object, pointer: string, depth: number): Json {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null
  if (!isPlain) throw refuse(pointer, 'a plain object', value.constructor?.name ?? 'an instance')
  const result: Record<string, Json> = {}
  for (const [key, inner] of Object.entries(value)) {
    const place = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    // Readers who copy by assignment would set a prototype instead.
    if (key === '__proto__') throw refuse(place, 'another key', '__proto__')
    if (hasLoneSurrogate(key)) throw refuse(place, 'well-formed text', 'a lone surrogate')
    result[key] = copy(inner, place, depth + 1)
  }
  return Object.freeze(result)
}

function refuse(pointer: string, expected: string, found: string): SluiceError {
  return new SluiceError(
    'invalid_commit',
    `The commit holds a value that JSON cannot carry at ${pointer || '/'}: expected ${expected}, found ${found}.`,
    { pointer, expected, found },
  )
}
