/**
 * The platform's `AbortSignal` where its types are known, as they are with Node's or a browser's; else what can be used
 * of it. So the types of this package, and of those above it, need no other's.
 */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Known } }
  ? Known
  : {
      readonly aborted: boolean
      addEventListener(type: 'abort', listener: () => void): void
      removeEventListener(type: 'abort', listener: () => void): void
    }
