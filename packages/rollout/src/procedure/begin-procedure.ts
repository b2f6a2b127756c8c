import { isDeepStrictEqual } from 'node:util'
import { type Json, SluiceError } from '@sluice/core'
import { describeEdit } from '../describe-edit.ts'
import type { Order } from '../transition/event.ts'
import type { ProcedureTransition } from './event.ts'
import { announce } from './moves.ts'
import { isProcedureOver, type ProcedureState } from './state.ts'
import type { Step } from './step.ts'

/** What is asked for, and by which process. */
export interface ProcedureRequest {
  readonly id: string
  readonly environment: string
  readonly steps: readonly Step[]
  readonly parts: readonly string[]
  readonly owner: string
  readonly order: Order
  readonly input: Json
  readonly again: boolean
}

/**
 * The first state of a procedure; or the one that stands there, where it is the same: pure.
 *
 * @throws SluiceError `procedure_differs`; `procedure_over`.
 */
export function beginProcedure(
  before: ProcedureState | undefined,
  request: ProcedureRequest,
  now: number,
): ProcedureTransition {
  const { id, environment, steps, parts, owner, order, input, again } = request
  if (before !== undefined) {
    const isSame = isDeepStrictEqual(toPlain(before.input), toPlain(input))
    const isOver = isProcedureOver(before)
    if (!isOver || !again) {
      if (!isSame) throw differs(before, input)
      if (!isOver || before.phase === 'succeeded') return { state: before, effects: [] }
      throw over(before)
    }
  }
  const { actor, reason, ticket } = order
  const run = (before?.run ?? 0) + 1
  const term = (before?.term ?? 0) + 1
  const state: ProcedureState = {
    schema: 1,
    id: run === 1 ? id : `${id}#${run}`,
    ...{ environment, input, startedBy: actor, startedAt: now, reason },
    ...(ticket === undefined ? {} : { ticket }),
    ...{ run, term },
    steps: steps.map(({ name }) => ({ name, phase: 'pending' })),
    ...(parts.length === 0 ? {} : { parts }),
    phase: 'running',
    claim: { owner, term, beatAt: now },
  }
  return {
    state,
    effects: [
      {
        ...{ type: 'record', action: 'start', actor, reason },
        ...(ticket === undefined ? {} : { ticket }),
      },
      announce('started', 'info', `${state.id} begins, started by ${actor}: ${reason}`),
    ],
  }
}

/** As a JSON reader gives it back: the log's copies have no prototype. */
function toPlain(value: Json): unknown {
  return JSON.parse(JSON.stringify(value))
}

function differs(before: ProcedureState, input: Json): SluiceError {
  const places = describeEdit(toPlain(before.input), toPlain(input))
  return new SluiceError(
    'procedure_differs',
    `${before.id} was started by ${before.startedBy} with another input (${before.phase}; ${places}): give this one another id, or cancel that one first.`,
    { pointer: '/input', expected: 'the same input', found: places },
  )
}

function over(before: ProcedureState): SluiceError {
  return new SluiceError(
    'procedure_over',
    `${before.id} is over (${before.phase}): start it with again: true if another run is wanted.`,
    { expected: 'again: true', found: before.phase },
  )
}
