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
  if (typeof context === 'string') return context || undefined
  if (typeof context !== 'object' || context === null) return undefined
  const subject = context as Subject
  return asKey(subject.targetingKey ?? subject.id ?? subject.key ?? subject.userId)
}

/** A value as a bucketing key: a string that is not empty, or an exact number in decimal. */
export function asKey(value: unknown): string | undefined {
  if (typeof value === 'string') return value || undefined
  return typeof value === 'bigint' || Number.isFinite(value) ? String(value) : undefined
}

/** How one attribute of a context is read: a record, so that all are read by the same few lines. */
export interface AttributeReader {
  readonly name: string
  /** Undefined where a plain property is read. */
  readonly path: readonly string[] | undefined
}

/** The reader of an attribute by name, or by JSON pointer where it begins with a slash. */
export function readerOf(name: string): AttributeReader {
  // A plain object is not to answer for `constructor` or `toString`.
  const path = name.startsWith('/')
    ? name.split('/').slice(1).map(unescaped)
    : name in Object.prototype || name === 'targetingKey'
      ? [name]
      : undefined
  return { name, path }
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** An attribute's value. May throw what a getter of the context throws. */
export function readAttribute(
  { name, path }: AttributeReader,
  context: EvaluationContext,
): unknown {
  if (path !== undefined) {
    return name === 'targetingKey'
      ? targetingKeyOf(context)
      : path.reduce<unknown>(ownValue, context)
  }
  return typeof context === 'object' && context !== null
    ? (context as Record<string, unknown>)[name]
    : undefined
}

/** An own property's value; undefined where the holder has none, or is no object. */
export function ownValue(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? (holder as Record<string, unknown>)[name]
    : undefined
}
