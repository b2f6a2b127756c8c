import type { GuardCheckpoint, Verdict } from '@sluice/guards'
import type { Clock } from '@sluice/stores'
import type { Apply } from './apply.ts'
import type { Brake } from './brake.ts'
import { confirmRollback } from './confirm.ts'
import { within } from './deadline.ts'
import { decide } from './decide.ts'
import type { TickEvent, Transition } from './event.ts'
import type { Gatekeeper } from './gates.ts'
import type { Journal } from './journal.ts'
import { type CreateJudge, type Judge, shareOfAlpha } from './judge.ts'
import type { Keeper, Run, Seen } from './keeper.ts'
import type { Observation, Observer } from './observer.ts'
import type { Pending } from './pending.ts'
import type { Teller } from './rollout-events.ts'
import { isActive, isOpen, type RolloutState } from './state.ts'
import { transition } from './transition.ts'
import type { Withdrawal } from './withdraw.ts'

/** One process's eye on a rollout: looks, and carries what follows into the log. */
export interface Watch {
  /**
   * One look.
   *
   * @returns Whether there was nothing to see, or it was seen and what followed stands in the log.
   * @throws Whatever kept it from being carried into the log.
   */
  tick(): Promise<boolean>
  /** Whether it decided to go back, and that is not in the log yet: this process goes on whoever else is on duty. */
  readonly isPending: boolean
  /** Takes over a person's word to go back that could not be written: it is tried again at each look. */
  owe(id: string, command: Withdrawal, error: unknown): void
  /**
   * Lays the evidence down for whoever looks next, and a decision that is not in the log yet with it; this process begins
   * anew should it look again. Takes two seconds at most, and never rejects.
   */
  leave(): Promise<void>
  /** What the guards said last; empty where this process has not looked at the present rollout. */
  verdicts(): readonly Verdict[]
}

/** What a watch is made of. */
export interface WatchOptions {
  readonly journal: Journal
  readonly apply: Apply
  readonly observer: Observer
  readonly keeper: Keeper
  readonly gatekeeper: Gatekeeper
  readonly brake: Brake
  readonly createJudge: CreateJudge
  readonly clock: Clock
  readonly actor: string
  readonly teller: Teller
}

/** A process that ends waits no longer for its last checkpoint. */
const farewellMs = 2_000

export function createWatch(options: WatchOptions): Watch {
  const { journal, apply, observer, keeper, gatekeeper, brake, createJudge } = options
  const { clock, actor, teller } = options
  /** The guard process of this process: its place in the rollout's count, and its judge. */
  let run: Run | undefined
  /** A checkpoint on its way to the log. */
  let keeping: Promise<void> | undefined
  let judge: { readonly of: string; readonly judge: Judge } | undefined
  let pending: Pending | undefined
  let latest: { readonly id: string; readonly verdicts: readonly Verdict[] } | undefined

  async function tick(): Promise<boolean> {
    // Nothing to decide yet, but someone may have moved the exposure.
    const state = await apply(() => undefined)
    if (state === undefined || !isActive(state)) {
      forget()
      return true
    }
    if (state.phase === 'awaiting_approval') {
      forget()
      await waitToBegin(state.id)
      return true
    }
    if (!isOpen(state)) pending = undefined
    if (state.phase === 'rolling_back') {
      await confirm(state.id)
      return true
    }
    if (isOpen(state) && run?.id !== state.id) {
      run = await keeper.claim(state)
      if (run?.observed !== undefined) observer.resume(state, run.observed)
      // Someone else was faster. Who has no share of alpha judges nothing, and says nothing.
      if (run === undefined && pending === undefined) return false
    }
    const looking = run
    const observation = await look(state)
    // What was laid down meanwhile is not judged by any more.
    if (run !== looking) return false
    await follow(state, observation)
    keepEvidence()
    return observation.hasLooked && pending === undefined
  }

  function forget(): void {
    stopJudging()
    pending = undefined
    brake.settle()
  }

  /** There is no canary to look at yet, and no share of alpha to take: what counts is whether it may begin. */
  async function waitToBegin(id: string): Promise<void> {
    await apply(({ state }) => {
      if (state?.id !== id || state.phase !== 'awaiting_approval') return undefined
      const event = { type: 'tick', actor, verdicts: undefined, observedMs: 0 } as const
      return gatekeeper.step(state, event, clock.now())
    })
  }

  function stopJudging(): void {
    judge?.judge.close?.()
    run = undefined
    judge = undefined
  }

  /**
   * Not awaited by a look: a store that hangs must not keep the guards from looking. And one at a time: nor must it find a
   * heap of checkpoints when it is back.
   */
  function keepEvidence(): void {
    if (run === undefined || keeping !== undefined || !keeper.isDue(clock.now())) return
    const seen = readSeen()
    if (seen === undefined) return
    keeping = keeper
      .keep(run, seen, false)
      // Lost with it is only the time that it took to see.
      .catch((error: unknown) => teller.tell('error', error))
      .finally(() => {
        keeping = undefined
      })
  }

  /** A judge may be anybody's; one that cannot tell what it saw keeps nobody from looking, or from stopping. */
  function readCheckpoint(): GuardCheckpoint | undefined {
    try {
      return judge?.judge.checkpoint?.()
    } catch (error) {
      teller.tell('error', error)
      return undefined
    }
  }

  /** Undefined where there is nothing to keep. */
  function readSeen(): Seen | undefined {
    const checkpoint = readCheckpoint()
    const observed = readObserved()
    return checkpoint === undefined && observed === undefined ? undefined : { checkpoint, observed }
  }

  function readObserved(): Seen['observed'] {
    try {
      const { state } = journal.read()
      return state === undefined ? undefined : observer.observed(state)
    } catch {
      // A state that cannot be read has no stage that was observed.
      return undefined
    }
  }

  async function leave(): Promise<void> {
    const left = run
    const seen = readSeen()
    // First of all: what others may take up is not judged by any more.
    stopJudging()
    if (left === undefined || seen === undefined) return
    try {
      const kept = Promise.resolve(keeping).then(() => keeper.keep(left, seen, true))
      await within(clock, farewellMs, kept, 'log')
    } catch (error) {
      teller.tell('error', error)
    }
  }

  async function look(state: RolloutState): Promise<Observation> {
    if (pending !== undefined && pending.id !== state.id) pending = undefined
    // The decision stands; looking again would only delay it.
    if (pending !== undefined) {
      const { verdicts } = pending
      return { verdicts, said: verdicts, hasLooked: true }
    }
    const observation = await observer.observe(judgeOf(state), state)
    if (observation.error !== undefined) teller.tell('error', observation.error)
    if (observation.said !== undefined) {
      latest = { id: state.id, verdicts: observation.said }
      teller.tell('verdicts', observation.said)
    }
    if (observation.blind !== undefined) teller.tell('blind', observation.blind)
    return observation
  }

  function judgeOf({ id, guards, alpha }: RolloutState): Judge {
    const number = run?.id === id ? run.number : undefined
    // A process that only sees a rollback to its end judges nothing and spends no alpha.
    const from = run?.from
    const terms =
      number === undefined
        ? { guards: [], alpha }
        : { guards, alpha: shareOfAlpha(alpha, number), ...(from === undefined ? {} : { from }) }
    const of = `${id} ${number}`
    try {
      if (judge?.of !== of) {
        judge?.judge.close?.()
        judge = { of, judge: createJudge(terms) }
      }
      return judge.judge
    } catch (error) {
      // A rollout that cannot be judged is one that cannot be seen: it holds, and says why.
      return { look: () => Promise.reject(error) }
    }
  }

  async function follow({ id }: RolloutState, seen: Observation): Promise<void> {
    let intended: Transition | undefined
    try {
      await apply(({ state }) => {
        intended = undefined
        if (state?.id !== id) return undefined
        const owed = pending?.command
        intended =
          owed === undefined
            ? gatekeeper.step(state, toEvent(state, seen), clock.now())
            : transition(state, owed, clock.now())
        // Before anything is written: the store may hang, and the canary is not to be served meanwhile.
        if (intended.state.phase === 'rolling_back') brake.engage(intended.state)
        return intended
      })
    } catch (error) {
      if (intended?.state.phase !== 'rolling_back') throw error
      return remember(intended.state, seen, error)
    }
    pending = undefined
    if (intended?.state.phase !== 'rolling_back') return brake.release()
    brake.settle()
    await confirm(id)
  }

  function toEvent(state: RolloutState, { verdicts, blind }: Observation): TickEvent {
    const observedMs = observer.observedMs(state)
    return {
      type: 'tick',
      actor,
      verdicts,
      observedMs,
      quietMs: observedMs,
      ...(blind === undefined ? {} : { blind }),
      ...(pending === undefined ? {} : { detectedAt: pending.detectedAt }),
    }
  }

  function remember(
    { id, flag, environment, rollback }: RolloutState & { phase: 'rolling_back' },
    { verdicts }: Observation,
    error: unknown,
  ): void {
    const { because, detectedAt } = rollback
    // A rollback for another reason, such as the hold limit, follows from the log again next time.
    if (verdicts !== undefined && decide(verdicts).decision === 'rollback') {
      pending = { id, verdicts, detectedAt }
    }
    teller.tell('rollback_pending', { flag, environment, because, detectedAt, error })
  }

  function owe(id: string, command: Withdrawal, error: unknown): void {
    const state = journal.read().state
    if (state?.id !== id || !isOpen(state)) return
    const detectedAt = command.saidAt ?? clock.now()
    pending = { id, verdicts: [], detectedAt, command }
    const { flag, environment } = state
    const because = command.reason
    teller.tell('rollback_pending', { flag, environment, because, detectedAt, error })
  }

  async function confirm(id: string): Promise<void> {
    await confirmRollback(apply, { id, actor, clock })
  }

  return {
    tick,
    leave,
    owe,
    get isPending() {
      return pending !== undefined || brake.isOn
    },
    verdicts() {
      const { state } = journal.read()
      return latest !== undefined && latest.id === state?.id ? latest.verdicts : []
    },
  }
}
