import { SluiceError } from '@sluice/core'
import { read } from './attempt.ts'
import type { Step } from './step.ts'

/** The journal refuses it before it is written. */
const unreadable = 'invalid_procedure_state'

/** No store will ever take it, or nobody could read it again. */
export function isInputFault(error: unknown): boolean {
  const code = read(error, 'code')
  return code === 'invalid_commit' || code === 'commit_too_large' || code === unreadable
}

/** What a step said after it was given up. */
export function late(step: Pick<Step, 'name'>, what: 'answered' | 'failed'): SluiceError {
  return new SluiceError(
    'late_answer',
    `${step.name} ${what} after it was given up: that counts for nothing. See what it left behind.`,
  )
}
