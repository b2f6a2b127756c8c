import type { page } from './platform.ts'

/** Listens to a page's event, where there is a page; answers what stops it. */
export function listen(
  target: Pick<typeof page, 'addEventListener' | 'removeEventListener'> | undefined,
  type: string,
  listener: () => void,
): () => void {
  target?.addEventListener?.(type, listener)
  return () => target?.removeEventListener?.(type, listener)
}
