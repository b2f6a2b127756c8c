import type { ProcedureEvent, ProcedureTransition } from './event.ts'
import { announce, refuse, turnBack } from './moves.ts'
import type { ProcedureState } from './state.ts'
import { stepsToUndo } from './undo-moves.ts'

/** Does what a person says where it means something, and refuses with a reason where it does not. */
export function obey(
  state: ProcedureState,
  event: ProcedureEvent & { type: 'cancel' | 'roll_back' },
  now: number,
): ProcedureTransition {
  const isCancel = event.type === 'cancel'
  const word = isCancel ? 'cancel' : 'roll back'
  if (state.phase === 'undoing') {
    return refuse(state, 'already_undoing', `${state.id} goes back already; ${word} comes too late`)
  }
  if (state.phase === 'undone' || (isCancel && isPast(state))) {
    return refuse(state, 'procedure_over', `${state.id} is over (${state.phase}); ${remedy(state)}`)
  }
  const isUndoable = (name: string) => event.undoable.includes(name)
  if (isPast(state) && stepsToUndo(state, isUndoable).length === 0) {
    return refuse(state, 'procedure_over', `${state.id} has no step that can be undone`)
  }
  const { actor, reason, ticket } = event
  const because = `${actor}: ${reason}`
  const decidedAt = Math.max(now, state.startedAt)
  const before = 'decision' in state ? state.decision : undefined
  const decision = {
    cause: isCancel ? 'cancelled' : 'rolled_back',
    ...{ by: actor, because: reason },
    ...(before?.step === undefined ? {} : { step: before.step }),
    detectedAt: Math.min(event.detectedAt ?? before?.detectedAt ?? decidedAt, decidedAt),
    decidedAt,
    hadSucceeded: before?.hadSucceeded ?? state.phase === 'succeeded',
  } as const
  const error = { code: isCancel ? 'cancelled' : 'rolled_back', message: because }
  return {
    state: turnBack(state, decision, { owner: event.owner, error, now }),
    effects: [
      {
        ...{ type: 'record', action: event.type, actor, reason },
        ...(ticket === undefined ? {} : { ticket }),
      },
      announce('undo_started', 'warning', `${state.id} goes back: ${because}`),
    ],
  }
}

function isPast({ phase }: ProcedureState): boolean {
  return phase === 'succeeded' || phase === 'failed' || phase === 'undone'
}

function remedy({ phase }: ProcedureState): string {
  if (phase === 'undone') return 'it went back; start it again if it is wanted'
  return phase === 'succeeded' ? 'roll it back instead' : 'roll it back to undo what is left'
}
