/** The types that an application asks for. */
export type ValueType = 'boolean' | 'string' | 'number' | 'object'

/** Facts about a flag that travel with its answers. */
export type FlagMetadata = Readonly<Record<string, string | number | boolean>>

interface Valued {
  readonly value?: unknown
  readonly errorCode?: string | undefined
}

/** Whether an answer's own value can be served to who asks for this type. */
export function isServable({ value, errorCode }: Valued, type: ValueType): boolean {
  return typeof value === type && value !== null && errorCode === undefined
}

/** An answer's own value where it {@link isServable}, else the fallback. */
export function valueOr<T>(answer: Valued, type: ValueType, fallback: T): T {
  return isServable(answer, type) ? (answer.value as T) : fallback
}
