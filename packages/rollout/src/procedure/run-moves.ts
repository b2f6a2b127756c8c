import type { ProcedureTransition } from './event.ts'
import { announce, begunOf, record, replaceStep, turnBack, unchanged } from './moves.ts'
import {
  type Begun,
  enterPhase,
  type ProcedureState,
  type StepError,
  type StepState,
} from './state.ts'

type Running = ProcedureState & { phase: 'running' }

/** A step's first attempt, the one after a failure, or the one after an owner that is gone. */
export function beginStep(
  state: Running,
  step: StepState,
  actor: string,
  now: number,
): ProcedureTransition {
  const before = begunBefore(state, step)
  if (before === undefined) return unchanged(state)
  const firstBegunAt = before === 'nothing' ? Math.max(now, state.startedAt) : before.firstBegunAt
  const attempt = before === 'nothing' ? 1 : before.attempt + 1
  const memo = before === 'nothing' ? undefined : before.memo
  const begun: Begun = {
    attempt,
    failures: before === 'nothing' ? 0 : before.failures,
    firstBegunAt,
    begunAt: Math.max(now, firstBegunAt),
    begunIn: state.term,
    ...(memo === undefined ? {} : { memo }),
  }
  const steps = replaceStep(state, { name: step.name, phase: 'running', ...begun })
  const what = attempt === 1 ? step.name : `${step.name}, attempt ${attempt}`
  return {
    state: enterPhase(state, { phase: 'running', claim: state.claim }, { steps }),
    effects: [
      record('begin_step', actor, `${what} begins`),
      announce('step_begun', 'debug', `${state.id}: ${what} begins`, step.name),
    ],
  }
}

/** Undefined where the step must not begin now: one of this term is under way, or it is over. */
function begunBefore(state: Running, step: StepState): Begun | 'nothing' | undefined {
  const position = state.steps.findIndex(({ name }) => name === step.name)
  const isNext = state.steps
    .slice(0, position)
    .every(({ phase }) => phase === 'done' || phase === 'skipped')
  if (!isNext) return undefined
  if (step.phase === 'pending') return 'nothing'
  if (step.phase === 'retrying') return step
  return step.phase === 'running' && step.begunIn !== state.term ? step : undefined
}

/** Leaves out a step that is not needed. */
export function skipStep(
  state: Running,
  step: StepState,
  { actor, because }: { actor: string; because: string },
  now: number,
): ProcedureTransition {
  if (step.phase !== 'pending' || begunBefore(state, step) === undefined) return unchanged(state)
  const at = Math.max(now, state.startedAt)
  const steps = replaceStep(state, { name: step.name, phase: 'skipped', at, because })
  return {
    state: enterPhase(state, { phase: 'running', claim: state.claim }, { steps }),
    effects: [
      record('skip_step', actor, `${step.name}: ${because}`),
      announce(
        'step_skipped',
        'debug',
        `${state.id}: ${step.name} is left out: ${because}`,
        step.name,
      ),
    ],
  }
}

/** A step did what it is for. */
export function endStep(
  state: Running,
  step: StepState,
  event: { readonly actor: string; readonly result?: ProcedureState['input'] },
  now: number,
): ProcedureTransition {
  if (step.phase !== 'running') return unchanged(state)
  const { result } = event
  const steps = replaceStep(state, {
    name: step.name,
    phase: 'done',
    ...begunOf(step),
    endedAt: Math.max(now, step.begunAt),
    ...(result === undefined ? {} : { result }),
  })
  return {
    state: enterPhase(state, { phase: 'running', claim: state.claim }, { steps }),
    effects: [
      record('end_step', event.actor, `${step.name} is done`),
      announce('step_done', 'debug', `${state.id}: ${step.name} is done`, step.name),
    ],
  }
}

/** A step is to be run again later, by whichever process is there. */
export function waitStep(
  state: Running,
  step: StepState,
  event: {
    readonly actor: string
    readonly ms: number
    readonly because: string
    readonly memo?: ProcedureState['input']
  },
  now: number,
): ProcedureTransition {
  if (step.phase !== 'running') return unchanged(state)
  const { ms, because, memo } = event
  const { memo: _, ...begun } = begunOf(step)
  const steps = replaceStep(state, {
    name: step.name,
    phase: 'waiting',
    ...begun,
    ...(memo === undefined ? {} : { memo }),
    waitingSince: Math.max(now, step.begunAt),
    ms,
    because,
  })
  return {
    state: enterPhase(state, { phase: 'waiting', step: step.name, because }, { steps }),
    effects: [
      record('wait', event.actor, `${step.name}: ${because}`),
      announce('step_waits', 'debug', `${state.id}: ${step.name} waits: ${because}`, step.name),
    ],
  }
}

/** A step failed: it is tried again, or everything goes back. */
export function failStep(
  state: Running,
  step: StepState,
  event: {
    readonly actor: string
    readonly error: StepError
    readonly retryMs?: number
    readonly detectedAt?: number
  },
  now: number,
): ProcedureTransition {
  if (step.phase !== 'running') return unchanged(state)
  const { actor, error, retryMs } = event
  const failures = step.failures + 1
  const failed = { ...begunOf(step), failures }
  const because = `${step.name} failed: ${error.message}`
  if (retryMs !== undefined) {
    const next: StepState = {
      name: step.name,
      phase: 'retrying',
      ...failed,
      delayMs: retryMs,
      error,
    }
    return {
      state: enterPhase(
        state,
        { phase: 'running', claim: state.claim },
        { steps: replaceStep(state, next) },
      ),
      effects: [
        record('retry_step', actor, `${because}; tried again`),
        announce(
          'step_retried',
          'warning',
          `${state.id}: ${because}; it is tried again`,
          step.name,
        ),
      ],
    }
  }
  const endedAt = Math.max(now, step.begunAt)
  const steps = replaceStep(state, { name: step.name, phase: 'failed', ...failed, endedAt, error })
  const decidedAt = Math.max(now, state.startedAt)
  const detectedAt = Math.min(event.detectedAt ?? decidedAt, decidedAt)
  return {
    state: turnBack(
      { ...state, steps },
      {
        ...{ cause: 'failed', by: actor, because, step: step.name },
        ...{ detectedAt, decidedAt, hadSucceeded: false },
      },
      { owner: state.claim.owner, error, now },
    ),
    effects: [
      record('fail_step', actor, because),
      announce('step_failed', 'error', `${state.id}: ${because}`, step.name),
      announce('undo_started', 'warning', `${state.id} goes back: ${because}`, step.name),
    ],
  }
}
