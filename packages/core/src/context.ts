/**
 * Who is asking: an object with a targeting key and attributes, or the key alone.
 *
 * The targeting key is `targetingKey`, else `id`, else `key`, else `userId`: a string, or a number
 * or bigint in its decimal form. An application's own user object is a context as it stands.
 */
export type EvaluationContext = object | string | null | undefined

interface Subject {
  readonly targetingKey?: unknown
  readonly id?: unknown
  readonly key?: unknown
  readonly userId?: unknown
}

/** The subject's key, or undefined where the context has none that can be bucketed. */
export function targetingKeyOf(context: EvaluationContext): string | undefined {
  if (typeof context === 'string') return context === '' ? undefined : context
  if (typeof context !== 'object' || context === null) return undefined
  const subject = context as Subject
  return asKey(subject.targetingKey ?? subject.id ?? subject.key ?? subject.userId)
}

/** A value as a bucketing key: a string that is not empty, or an exact number in decimal. */
export function asKey(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'bigint' || Number.isFinite(value) ? String(value) : undefined
}

/** Reads one attribute of a context. May throw what a getter of the context throws. */
export type AttributeReader = (context: EvaluationContext) => unknown

/** The reader of an attribute by name, or by JSON pointer where it begins with a slash. */
export function readerOf(attribute: string): AttributeReader {
  if (attribute === 'targetingKey') return targetingKeyOf
  if (attribute.startsWith('/')) return createPointerReader(attribute)
  // A plain object is not to answer for `constructor` or `toString`.
  if (attribute in Object.prototype) return (context) => ownValue(context, attribute)
  return (context) =>
    typeof context === 'object' && context !== null
      ? (context as Record<string, unknown>)[attribute]
      : undefined
}

function createPointerReader(pointer: string): AttributeReader {
  const path = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (context) => {
    let value: unknown = context
    for (const part of path) value = ownValue(value, part)
    return value
  }
}

function ownValue(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? (holder as Record<string, unknown>)[name]
    : undefined
}
