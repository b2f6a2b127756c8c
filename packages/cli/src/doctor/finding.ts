import { isSluiceError } from '@sluice/core'

/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do where it is not ok. */
  readonly remedy?: string
}

/** What kept something from being looked at. */
export function toFailure(name: string, error: unknown): Finding {
  const [found = '', ...remedy] = (error as Error).message.split('\n')
  const code = isSluiceError(error) ? ` (${error.code})` : ''
  return {
    ...{ name, status: 'fail', found: `${found}${code}` },
    ...(remedy.length === 0 ? {} : { remedy: remedy.join(' ') }),
  }
}

/** Whether a version such as `7.0.15` is at least another, as far as that one goes. */
export function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map(Number.parseFloat)
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}
