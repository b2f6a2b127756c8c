import { SluiceError } from '@sluice/core'
import type { ProcedureTerms } from './state.ts'
import type { Step } from './step.ts'

/**
 * Refuses to work on a procedure that was started with other steps: a release in the middle of a deployment may bring them.
 *
 * @throws SluiceError `procedure_changed` with pointer, expected and found.
 */
export function assertSameSteps(state: ProcedureTerms, steps: readonly Step[]): void {
  const expected = state.steps.map(({ name }) => name).join(', ')
  const found = steps.map(({ name }) => name).join(', ')
  if (expected === found) return
  throw new SluiceError(
    'procedure_changed',
    `${state.id} was started with other steps: take it up with the version that started it, or roll it back there.`,
    { pointer: '/steps', expected, found },
  )
}
