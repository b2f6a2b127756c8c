import { sharesAlpha } from './alpha-shares.ts'
import type { Tick } from './counts.ts'
import { createMonitor } from './create-monitor.ts'
import { SluiceError } from './error.ts'
import type { Consequence, Guard } from './guard.ts'
import { createTickViews } from './histogram-view.ts'
import { demandOf, type Monitor, type SavedMonitor } from './monitor.ts'
import { refuseCheckpoint, restoreNumber, type SavedNumber, saveNumber } from './saved-numbers.ts'
import { isSoundTick } from './sound-tick.ts'
import { validateGuard } from './validate-guard.ts'
import type { Verdict } from './verdict.ts'

/** The guards of one rollout at work, from its first stage to its last: there is no reset, because alpha is spent once. */
export interface GuardSet {
  /** Takes in a tick. One with counts that are not counts, or not later than the last, is dropped whole and counted. */
  observe(tick: Tick): void
  /** One verdict per guard, in the order given. */
  verdicts(): Verdict[]
  /** The strongest that a failing guard asks for at this moment; undefined while none fails. Cheaper than verdicts. */
  findDemand(): Consequence | undefined
  /** All the evidence as plain JSON, exact to the last bit: another set goes on from it. */
  checkpoint(): GuardCheckpoint
  /** Ticks dropped. */
  readonly dropped: number
}

/** The evidence of a set of guards at one moment. */
export interface GuardCheckpoint {
  readonly schema: 1
  /** Of the last tick. Ticks up to here are in it, and are dropped by a set that goes on from it. */
  readonly at: SavedNumber
  readonly guards: readonly {
    readonly name: string
    readonly kind: string
    readonly state: SavedMonitor
  }[]
}

/** What a {@link GuardSet} promises. */
export interface GuardSetOptions {
  /** The chance that a healthy canary is ever failed by `rollback` or `hold` guards together. Default 0.01. */
  alpha?: number
  /** Evidence to go on from, of the same guards. What was failed stays failed, whatever `alpha` is now. */
  from?: GuardCheckpoint
}

/**
 * Sets guards to work on a rollout that begins now, or goes on from a checkpoint.
 *
 * Alpha is split evenly over the statistical guards that may roll back or hold; a guard that only warns has the whole alpha
 * for itself.
 *
 * @throws SluiceError `invalid_guard`, `duplicate_guard` when two guards have one name, `invalid_alpha`,
 * `invalid_checkpoint` where the evidence is damaged or of other guards.
 */
export function createGuardSet(guards: readonly Guard[], options: GuardSetOptions = {}): GuardSet {
  const alpha = options.alpha ?? 0.01
  if (!(alpha > 0 && alpha <= 0.5)) {
    throw new SluiceError('invalid_alpha', `alpha must be above 0 and at most 0.5; found ${alpha}.`)
  }
  validateSet(guards)
  const sharing = guards.filter(sharesAlpha).length
  const monitors = guards.map((guard) =>
    createMonitor(guard, sharesAlpha(guard) ? alpha / sharing : alpha),
  )
  const views = createTickViews()
  const usedViews = guards.some(readsHistograms) ? views : undefined
  let lastAt = -Infinity
  let dropped = 0
  if (options.from !== undefined) lastAt = restore(options.from, guards, monitors)

  return {
    observe(tick) {
      if (!(tick.at > lastAt && tick.at < Infinity) || !isSoundTick(tick, usedViews)) {
        dropped++
        return
      }
      lastAt = tick.at
      for (let index = 0; index < monitors.length; index++) monitors[index]!.observe(tick, views)
    },

    verdicts: () =>
      monitors.map((monitor, index) => {
        const { alert } = guards[index] as Guard
        return alert === undefined ? monitor.judge() : { ...monitor.judge(), alert }
      }),

    findDemand() {
      let strongest: Consequence | undefined
      for (const monitor of monitors) {
        const demand = demandOf(monitor)
        if (demand === 'rollback') return demand
        if (demand === 'hold' || strongest === undefined) strongest = demand ?? strongest
      }
      return strongest
    },

    checkpoint() {
      const checkpoint = {
        schema: 1,
        at: saveNumber(lastAt),
        guards: guards.map(({ name, kind }, index) => ({
          ...{ name, kind },
          state: (monitors[index] as Monitor).save(),
        })),
      }
      // What is undefined stands in no JSON.
      return JSON.parse(JSON.stringify(checkpoint)) as GuardCheckpoint
    },

    get dropped() {
      return dropped
    },
  }
}

/** @throws SluiceError `invalid_guard`, `duplicate_guard`; parts of compositions count too, for verdicts name them. */
function validateSet(guards: readonly Guard[], names = new Set<string>()): void {
  for (const guard of guards) {
    validateGuard(guard)
    if (names.has(guard.name)) {
      throw new SluiceError(
        'duplicate_guard',
        `Two guards are named "${guard.name}"; give each a name of its own.`,
      )
    }
    names.add(guard.name)
    if ('guards' in guard) validateSet(guard.guards, names)
  }
}

/** Other guards never look at the 608 buckets, so they need not pay for checking them. */
function readsHistograms(guard: Guard): boolean {
  if ('guards' in guard) return guard.guards.some(readsHistograms)
  return guard.kind === 'latency' || guard.kind === 'max_latency'
}

/** @returns When the last tick was. */
function restore(from: unknown, guards: readonly Guard[], monitors: readonly Monitor[]): number {
  const { schema, at, guards: saved } = Object(from) as Partial<GuardCheckpoint>
  if (schema !== 1) throw refuseCheckpoint(`its schema is ${String(schema)}, not 1`)
  if (!Array.isArray(saved) || saved.length !== guards.length) {
    throw refuseCheckpoint(`it is not of ${guards.length} guards`)
  }
  guards.forEach(({ name, kind }, index) => {
    const one = Object(saved[index]) as Partial<GuardCheckpoint['guards'][number]>
    if (one.name !== name || one.kind !== kind) {
      throw refuseCheckpoint(`"${name}" is not guard ${index + 1} of it`)
    }
    monitors[index]?.restore(Object(one.state) as SavedMonitor)
  })
  const lastAt = restoreNumber(at)
  // After such a time no tick would ever come.
  if (!(lastAt < Infinity)) throw refuseCheckpoint(`its time is ${lastAt}`)
  return lastAt
}
