import type { Verdict } from '@sluice/guards'
import type { Clock } from '@sluice/stores'
import { createBench } from '../evidence/bench.ts'
import type { CreateJudge } from '../evidence/judge.ts'
import type { Keeper, Run, Seen } from '../evidence/keeper.ts'
import type { Observation, Observer } from '../evidence/observer.ts'
import { decide } from '../transition/decide.ts'
import type { TickEvent } from '../transition/event.ts'
import { isActive, isOpen, type RolloutState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import type { Apply } from './apply.ts'
import type { Brake } from './brake.ts'
import { confirmRollback } from './confirm.ts'
import { within } from './deadline.ts'
import type { Gatekeeper } from './gates.ts'
import type { Journal } from './journal.ts'
import { findOvertaken, type Pending } from './pending.ts'
import type { Teller } from './rollout-events.ts'
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

/** A watch that has not looked yet, and has no share of alpha until it does. */
export function createWatch(options: WatchOptions): Watch {
  const { journal, apply, observer, keeper, gatekeeper, brake, createJudge } = options
  const { clock, actor, teller } = options
  /** The guard process of this process: its place in the rollout's count. */
  let run: Run | undefined
  /** A checkpoint on its way to the log. */
  let keeping: Promise<void> | undefined
  const bench = createBench(createJudge, (error) => teller.tell('error', error))
  let pending: Pending | undefined
  let latest: { readonly id: string; readonly verdicts: readonly Verdict[] } | undefined

  async function tick(): Promise<boolean> {
    const state = readFound()
    if (state === undefined || !isActive(state) || state.phase === 'awaiting_approval') {
      forget(state)
      if (state?.phase === 'awaiting_approval') await waitToBegin(state.id)
      return true
    }
    if (pending !== undefined && (pending.id !== state.id || !isOpen(state))) drop(state)
    if (state.phase === 'rolling_back') {
      await confirm(state.id)
      return true
    }
    // What is decided waits for no share of alpha.
    if (isOpen(state) && run?.id !== state.id && pending === undefined) {
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

  /**
   * The rollout as it is to be looked at. Someone may have moved the exposure; that it is paused then is written with what
   * follows from the look, for a store that is away keeps no guard from looking.
   */
  function readFound(): RolloutState | undefined {
    const { state, exposure } = journal.read()
    if (state === undefined) return undefined
    const moved = { type: 'exposure_changed', actor, by: 'someone', exposure } as const
    return transition(state, moved, clock.now()).state
  }

  function forget(state: RolloutState | undefined): void {
    stopJudging()
    drop(state)
    brake.settle()
  }

  function drop(state: RolloutState | undefined): void {
    const overtaken = pending === undefined ? undefined : findOvertaken(pending, state)
    pending = undefined
    if (overtaken !== undefined) teller.tell('error', overtaken)
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
    bench.close()
    run = undefined
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

  /** Undefined where there is nothing to keep. */
  function readSeen(): Seen | undefined {
    const checkpoint = bench.checkpoint()
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
    // The decision stands; looking again would only delay it.
    if (pending !== undefined) {
      const { verdicts } = pending
      return { verdicts, said: verdicts, hasLooked: true }
    }
    const observation = await observer.observe(bench.judgeOf(state, run), state)
    if (observation.error !== undefined) teller.tell('error', observation.error)
    if (observation.said !== undefined) {
      latest = { id: state.id, verdicts: observation.said }
      teller.tell('verdicts', observation.said)
    }
    if (observation.blind !== undefined) teller.tell('blind', observation.blind)
    return observation
  }

  async function follow({ id }: RolloutState, seen: Observation): Promise<void> {
    let carried = pending
    let intended = foresee(id, seen)
    // Before anything is asked of the store or written to it: it may hang, and the canary is not to be served meanwhile.
    if (intended?.phase === 'rolling_back') brake.engage(intended)
    try {
      await apply(({ state }) => {
        intended = undefined
        carried = pending
        if (state?.id !== id) return undefined
        const owed = carried?.command
        const next =
          owed === undefined
            ? gatekeeper.step(state, toEvent(state, seen), clock.now())
            : transition(state, owed, clock.now())
        intended = next.state
        if (intended.phase === 'rolling_back') brake.engage(intended)
        return next
      })
    } catch (error) {
      if (intended?.phase !== 'rolling_back') throw error
      return remember(intended, seen, error)
    }
    // A person's word that came while this was being written is still owed.
    if (pending !== carried) return
    drop(journal.read().state)
    if (intended?.phase !== 'rolling_back') return brake.release()
    brake.settle()
    await confirm(id)
  }

  /** What would follow if nothing changed. Gates are not asked: they have no say in going back. */
  function foresee(id: string, seen: Observation): RolloutState | undefined {
    const { state } = journal.read()
    if (state?.id !== id) return undefined
    return transition(state, pending?.command ?? toEvent(state, seen), clock.now()).state
  }

  function toEvent(state: RolloutState, { verdicts, blind }: Observation): TickEvent {
    const observedMs = observer.observedMs(state)
    return {
      type: 'tick',
      actor,
      verdicts,
      observedMs,
      quietMs: observedMs,
      phaseMs: observer.phaseMs(state),
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
    const isNew = pending?.id !== id
    if (isNew && verdicts !== undefined && decide(verdicts).decision === 'rollback') {
      pending = { id, verdicts, detectedAt }
    }
    teller.tell('rollback_pending', { flag, environment, because, detectedAt, error })
  }

  function owe(id: string, command: Withdrawal, error: unknown): void {
    const state = journal.read().state
    if (state?.id !== id || !isOpen(state)) return
    const detectedAt = command.saidAt ?? clock.now()
    // What was decided first stands.
    if (pending?.id !== id) pending = { id, verdicts: [], detectedAt, command }
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
