import { type Json, SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { assertDone } from '../finding.ts'
import { toReason } from '../transition/reason.ts'
import { type Ability, assertSameSteps } from './assert-same-steps.ts'
import { type Attempt, makeAttempt, read, toStepError } from './attempt.ts'
import type { StepEvent } from './event.ts'
import { beatOn } from './heartbeat.ts'
import { type Extra, toExtra } from './journal.ts'
import { type Action, nextAction, pauseAfter } from './next-action.ts'
import type { ProcedureLog } from './procedure-contract.ts'
import { type ProcedureState, resultsOf, type StepError, type StepState, stepOf } from './state.ts'
import { isRecorded, isWaiting, type Step, type StepContext } from './step.ts'
import { isInputFault, late } from './worker-faults.ts'
import type { ProcedureWriter, Written } from './writer.ts'

/** What works on a procedure as long as its claim is this process's. */
export interface Worker {
  /** The term of this process's claim; 0 before one. */
  term: number
  /** Works until it is over, waits, or is not this process's any more. One call at a time. */
  drive(): Promise<void>
  /** The state in the log is another: whether what is under way still counts. */
  follow(): void
  /** Ends what is under way. Resolves true where nothing is left at work. */
  halt(): Promise<boolean>
}

/** A hook that says nothing for ten minutes hangs. */
const defaultTimeoutMs = 600_000
/** What goes back must be within minutes: a fault of the network is over after three further tries. */
const defaultUndoRetries = 3
/** A function that heeds its signal ends at once; one that does not must not delay the way back. */
const graceMs = 5_000
const outdatedPauseMs = 1_000
const firstWriteDelayMs = 1_000
const longestWriteDelayMs = 30_000

/** @param options.tellError Hears of what is tried again, and of what came too late. */
export function createWorker(options: {
  readonly log: ProcedureLog
  readonly readState: () => ProcedureState | undefined
  readonly writer: ProcedureWriter
  readonly ability: Ability
  readonly clock: Clock
  readonly actor: string
  readonly heartbeatMs: number
  readonly tellError: (error: unknown) => void
}): Worker {
  const { log, readState, writer, ability, clock, actor, heartbeatMs, tellError } = options
  const { steps } = ability
  const undoable = steps.filter(({ undo }) => undo !== undefined).map(({ name }) => name)
  let underWay: Attempt<unknown> | undefined
  /** The procedure's phase that what is under way, or pauses, belongs to. */
  let phase: string | undefined
  let endPause = () => {}
  let isHalted = false

  function isMine(state: ProcedureState | undefined): state is ProcedureState {
    if (state?.phase !== 'running' && state?.phase !== 'undoing') return false
    return state.claim.term === worker.term
  }

  async function perform(action: Action, state: ProcedureState): Promise<void> {
    switch (action.type) {
      case 'rest':
        return
      case 'finish':
        await persist(() => writer.apply({ type: 'finish', actor, term: worker.term, undoable }))
        return
      case 'skip':
        await report(action.step, { type: 'skip_step', because: action.because })
        return
      case 'give_up':
        await report(action.step, { type: 'fail_step', error: action.error })
        return
      case 'begin':
      case 'begin_undo':
        if (action.afterMs > 0 && !(await pause(action.afterMs))) return
        await report(action.step, { type: action.type === 'begin' ? 'begin_step' : 'begin_undo' })
        return
      case 'run':
        return runStep(action.step, state)
      case 'undo':
        return undoStep(action.step, state, action.left)
    }
  }

  async function runStep(step: Step, state: ProcedureState): Promise<void> {
    const found = stepOf(state, step.name)
    if (found?.phase !== 'running') return
    const seenAt = log.head.revision
    const ended = await attempt(step, step.timeoutMs, async (signal) => {
      const context = contextOf(state, step, found, signal)
      // An earlier attempt may have done it, and its process died before it could say so.
      const isDone = found.attempt > 1 ? await step.isDone?.(context) : undefined
      if (isDone === true) return undefined
      if (typeof isDone === 'object' && isDone !== null) return isDone.result
      return step.run(context)
    })
    if (ended.type === 'aborted') return
    if (ended.type === 'failed') {
      return failStep(step, found.failures, ended.error)
    }
    const { value } = ended
    try {
      if (isWaiting(value)) await wait(step, value)
      else if (isRecorded(value)) await endStep(step, value.result, toExtra(value, seenAt))
      else await endStep(step, value as Json | undefined)
    } catch (error) {
      // What it resolved with is not what the log can hold.
      await failStep(step, found.failures, error)
    }
  }

  async function wait(
    step: Step,
    { ms, because, memo }: { ms: number; because: string; memo?: Json },
  ) {
    if (!(Number.isFinite(ms) && ms >= 0)) {
      const expected = 'a time of 0 ms or more'
      throw new SluiceError('invalid_wait', `waitFor takes ${expected}, not ${ms}.`, {
        ...{ pointer: '/ms', expected, found: String(ms) },
      })
    }
    const reason = typeof because === 'string' ? toReason(because) : 'it does not say for what'
    const remembered = memo === undefined ? {} : { memo }
    await report(step, { type: 'wait', ms, because: reason, ...remembered })
  }

  async function endStep(step: Step, result: Json | undefined, extra?: Extra): Promise<void> {
    await report(step, { type: 'end_step', ...(result === undefined ? {} : { result }) }, extra)
  }

  async function failStep(step: Step, failures: number, cause: unknown): Promise<void> {
    const isLast = read(cause, 'isFinal') === true || failures >= (step.retries ?? 0)
    const detectedAt = read(cause, 'detectedAt')
    await report(step, {
      type: 'fail_step',
      error: toStepError(cause),
      ...(isLast ? {} : { retryMs: pauseAfter(step, failures + 1) }),
      ...(typeof detectedAt === 'number' && Number.isFinite(detectedAt) ? { detectedAt } : {}),
    })
  }

  async function undoStep(
    step: Step,
    state: ProcedureState,
    left: readonly string[],
  ): Promise<void> {
    const found = stepOf(state, step.name)
    if (found?.phase !== 'undoing' || state.phase !== 'undoing') return
    const { because } = state.decision
    const limitMs = step.undoTimeoutMs ?? step.timeoutMs
    const ended = await attempt(step, limitMs, async (signal) => {
      const context = contextOf(state, step, { ...found.run, attempt: found.undo.attempt }, signal)
      await assertDone('undo', step.undo?.({ ...context, result: found.result, because }))
    })
    if (ended.type === 'aborted') return
    if (ended.type === 'answered') return report(step, { type: 'end_undo' })
    const isLast = found.undo.failures >= (step.undoRetries ?? defaultUndoRetries)
    const error: StepError = toStepError(ended.error)
    const retryMs = isLast ? {} : { retryMs: pauseAfter(step, found.undo.failures + 1) }
    await report(step, { type: 'fail_undo', error, left, ...retryMs })
  }

  async function attempt<T>(
    step: Step,
    timeoutMs = defaultTimeoutMs,
    work: (signal: AbortSignal) => Promise<T>,
  ) {
    const made = makeAttempt(work, {
      ...{ clock, timeoutMs },
      onLate: (what) => tellError(late(step, what)),
    })
    underWay = made
    // Someone may have decided otherwise since the state was read.
    worker.follow()
    const ended = await made.outcome
    underWay = undefined
    return ended
  }

  function contextOf(
    state: ProcedureState,
    step: Step,
    begun: Pick<StepState & { phase: 'running' }, 'attempt' | 'firstBegunAt' | 'memo'>,
    signal: AbortSignal,
  ): StepContext {
    const { id, environment, input } = state
    return {
      ...{ id, environment, input, signal },
      step: step.name,
      idempotencyKey: `${id}/${step.name}`,
      attempt: begun.attempt,
      results: resultsOf(state),
      memo: begun.memo,
      firstBegunAt: begun.firstBegunAt,
      now: clock.now,
    }
  }

  async function report(step: Step, event: StepEvent, extra?: Extra): Promise<void> {
    const { term } = worker
    const reported = { ...event, step: step.name, actor, term }
    const written = await persist(() => writer.apply(reported, extra))
    if (written === undefined || written.isWritten) return
    if (written.isOutdated) {
      // What it decided by may lag for a while: to ask at once, again and again, would leave it no time to catch up.
      await pause(outdatedPauseMs)
      return
    }
    // Somebody else decided otherwise; what was done is in their hands.
    if (event.type === 'end_step' && !isMine(written.state)) tellError(late(step, 'answered'))
  }

  /** What was done is done: it is written as soon as the store takes it. Undefined where this process stops first. */
  async function persist(write: () => Promise<Written>): Promise<Written | undefined> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await write()
      } catch (error) {
        if (isInputFault(error)) throw error
        tellError(error)
      }
      if (isHalted) return undefined
      await sleep(Math.min(firstWriteDelayMs * 2 ** tries, longestWriteDelayMs))
      // An append whose outcome was not seen may be there after all.
      await log.refresh().catch(() => {})
    }
  }

  /** Whether the pause ended in its time, and not because things changed. */
  async function pause(ms: number): Promise<boolean> {
    await sleep(ms)
    const state = readState()
    return !isHalted && isMine(state) && state.phase === phase
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, resolve, { keepsAlive: true })
      endPause = () => {
        cancel()
        resolve()
      }
      if (isHalted) endPause()
    })
  }

  const beat = () =>
    isMine(readState())
      ? writer.apply({ type: 'beat', actor, term: worker.term })
      : Promise.resolve()

  const worker: Worker = {
    term: 0,

    async drive() {
      isHalted = false
      const endBeats = beatOn({ clock, everyMs: heartbeatMs, beat, tellError })
      try {
        for (let state = readState(); isMine(state) && !isHalted; state = readState()) {
          assertSameSteps(state, ability)
          const action = nextAction(state, steps)
          if (action.type === 'rest') return
          phase = state.phase
          await perform(action, state)
        }
      } finally {
        endBeats()
      }
    },

    follow() {
      const state = readState()
      if (isMine(state) && state.phase === phase) return
      underWay?.abort('it is not wanted any more', graceMs)
      endPause()
    },

    async halt() {
      isHalted = true
      const last = underWay
      last?.abort('the process stops', graceMs)
      endPause()
      const ended = await last?.outcome
      return ended?.type !== 'aborted' || ended.hasSettled
    },
  }
  return worker
}
