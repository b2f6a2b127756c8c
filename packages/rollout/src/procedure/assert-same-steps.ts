import { SluiceError } from '@sluice/core'
import type { ProcedureTerms } from './state.ts'
import type { Step } from './step.ts'

/** What a process can do of a procedure: its steps, and what else they are made of. */
export interface Ability {
  readonly steps: readonly Step[]
  /** In order, each once. */
  readonly parts: readonly string[]
}

/** The steps with what they are made of: each way back, and the parts that are named beside them. */
export function abilityOf(steps: readonly Step[], parts: readonly string[] = []): Ability {
  const waysBack = steps.flatMap(({ name, undo }) => (undo === undefined ? [] : [`${name}.undo`]))
  return { steps, parts: [...new Set([...waysBack, ...parts])].sort() }
}

/**
 * Refuses to work on a procedure that was started with other steps, or with more than this process has: a release in the
 * middle of a deployment may bring them, and a program that only looks may have none. A step whose hook is missing would
 * be left out, or not be undone, and all would seem well.
 *
 * @throws SluiceError `procedure_changed` with pointer, expected and found.
 */
export function assertSameSteps(state: ProcedureTerms, { steps, parts }: Ability): void {
  const expected = state.steps.map(({ name }) => name).join(', ')
  const found = steps.map(({ name }) => name).join(', ')
  if (expected !== found) {
    throw new SluiceError(
      'procedure_changed',
      `${state.id} was started with other steps: take it up with the version that started it, or roll it back there.`,
      { pointer: '/steps', expected, found },
    )
  }
  const missing = state.parts?.filter((part) => !parts.includes(part)) ?? []
  if (missing.length === 0) return
  const names = missing.join(', ')
  throw new SluiceError(
    'procedure_changed',
    `${state.id} was started with ${names}, which this process does not have: take it up, or roll it back, where they are.`,
    { pointer: '/parts', expected: names, found: 'nothing' },
  )
}
