import { SluiceError } from '@sluice/core'

/** What a check, a smoke test or a look says; true or nothing: all is well. */
export type Finding =
  | boolean
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that ends without a word found nothing wrong.
  | void
  | { readonly isHealthy: boolean; readonly because?: string }

/**
 * What a function of the application answers that does something: whatever its library gave it, or a promise of that. What it
 * throws says that it failed, and so does false.
 */
export type HookAnswer = unknown

/** Why a finding is bad; undefined where all is well. */
export function faultOf(finding: Finding): string | undefined {
  if (finding === undefined || finding === true) return undefined
  if (finding === false) return 'it says no'
  if (typeof finding !== 'object' || finding === null) return 'its answer cannot be read'
  if (finding.isHealthy === true) return undefined
  return finding.because ?? 'it says no'
}

/**
 * Waits for what a check says.
 *
 * @throws SluiceError `check_failed`, with its name and why; what it throws.
 */
export async function assertHealthy(name: string, answer: Promise<Finding> | Finding) {
  const fault = faultOf(await answer)
  if (fault !== undefined) throw new SluiceError('check_failed', `${name}: ${fault}`)
}

/**
 * Waits for what a hook does. One that answers false says that it did not.
 *
 * @throws SluiceError `hook_failed`; what it throws.
 */
export async function assertDone(name: string, answer: HookAnswer): Promise<void> {
  if ((await answer) !== false) return
  throw new SluiceError('hook_failed', `The hook ${name} says that it failed: it answered false.`)
}
