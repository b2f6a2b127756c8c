import type { Exposure } from '@sluice/core'
import type { Verdict } from '@sluice/guards'
import type { Clock } from '@sluice/stores'
import { within } from '../controller/deadline.ts'
import { decide } from '../transition/decide.ts'
import { toReason } from '../transition/reason.ts'
import { isOpen, type RolloutState } from '../transition/state.ts'
import type { ObservedTime } from './evidence.ts'
import { createFreshness } from './freshness.ts'
import type { Judge, Look, Scene } from './judge.ts'
import { lap, type Stopwatch } from './stopwatch.ts'

/** What a look, together with the looks before it, says about a rollout. */
export interface Observation {
  /** What is to be decided from; undefined where nothing was seen, and nothing that failed asks for anything. */
  readonly verdicts: readonly Verdict[] | undefined
  /** What the guards said, be it too little to decide from. */
  readonly said: readonly Verdict[] | undefined
  /** Whether this look saw the canary; one that only found by itself that something fails did not. */
  readonly hasLooked: boolean
  /** Why nothing could be observed, where that lasted long enough to hold the rollout. */
  readonly blind?: string
  /** What was thrown in this look. */
  readonly error?: unknown
}

/** Looks at a rollout and keeps the time for which it was watched. */
export interface Observer {
  observe(judge: Judge, state: RolloutState): Promise<Observation>
  /** Lets the look under way end at once, having seen nothing. */
  giveUp(): void
  /** Time observed in the state's present stage; while verifying: without a canary request. */
  observedMs(state: RolloutState): number
  /** Time that passed since the first look at the state's present phase, whatever was seen; in milliseconds. */
  phaseMs(state: RolloutState): number
  /** The observed time as the log keeps it; undefined where there is none. */
  observed(state: RolloutState): ObservedTime | undefined
  /** Goes on from the time that others observed, where it is of the state's present stage. */
  resume(state: RolloutState, observed: ObservedTime): void
}

/**
 * Creates an observer that has seen nothing.
 *
 * @param options.gapLimitMs The longest time between two looks that still counts as watched, the
 * longest a look may take, and how long looks may fail before the rollout must say so.
 */
export function createObserver(clock: Clock, { gapLimitMs }: { gapLimitMs: number }): Observer {
  const freshness = createFreshness()
  let watch: Stopwatch | undefined
  let lookedAt: number | undefined
  let blindMs: number | undefined
  let phase: { readonly subject: string; readonly ms: number } | undefined
  let giveUp = () => {}

  async function take(judge: Judge, state: RolloutState): Promise<Look & { error?: unknown }> {
    const givenUp = new Promise<Look>((resolve) => {
      giveUp = () => resolve(unseen('the look was given up'))
    })
    try {
      const look = Promise.race([judge.look(clock.now(), sceneOf(state)), givenUp])
      return keepFailing(checkLook(await within(clock, gapLimitMs, look)))
    } catch (error) {
      return { ...unseen(toReason(error)), error }
    }
  }

  /** Since the look before; none where the clock stepped back or shows no time. */
  function lapMs(now: number): number {
    const passedMs = now - (lookedAt ?? now)
    if (Number.isFinite(now)) lookedAt = now
    return Number.isFinite(passedMs) ? Math.max(0, passedMs) : 0
  }

  return {
    async observe(judge, state) {
      const look = await take(judge, state)
      const now = clock.now()
      const passedMs = lapMs(now)
      const subject = subjectOf(state)
      phase = { subject, ms: phase?.subject === subject ? phase.ms + passedMs : 0 }
      freshness.note(look, passedMs, now)
      const silence = freshness.findSilence(look.verdicts ?? [], state)
      const hasLooked = look.verdicts !== undefined && look.unseen === undefined
      const isSeen = hasLooked && silence === undefined

      const isWatched = isSeen && isWatching(state, look)
      watch = lap(watch, { subject, isSeen: isWatched, gapLimitMs }, now)
      if (state.phase === 'verifying' && (look.canaryRequests ?? 0) > 0) watch = undefined

      blindMs = isSeen ? undefined : blindMs === undefined ? 0 : blindMs + passedMs
      const blind = silence ?? describeBlindness(look.unseen, blindMs ?? 0)
      return {
        verdicts: hasLooked || isDemand(look.verdicts) ? look.verdicts : undefined,
        said: look.verdicts,
        hasLooked,
        ...(blind === undefined ? {} : { blind }),
        ...(look.error === undefined ? {} : { error: look.error }),
      }
    },

    giveUp: () => giveUp(),

    observedMs,

    phaseMs: (state) => (phase?.subject === subjectOf(state) ? phase.ms : 0),

    observed(state) {
      const observed = observedMs(state)
      if (!isOpen(state) || observed === 0) return undefined
      return { stage: state.stage, enteredAt: state.enteredAt, observedMs: observed }
    },

    resume(state, { stage, enteredAt, observedMs: before }) {
      if (!isOpen(state) || state.stage !== stage || state.enteredAt !== enteredAt) return
      // What this process saw itself of the same entry is part of what was handed on, or more than it.
      const known = Math.max(before, observedMs(state))
      watch = { subject: subjectOf(state), observedMs: known, lastAt: undefined }
    },
  }

  function observedMs(state: RolloutState): number {
    return watch?.subject === subjectOf(state) ? watch.observedMs : 0
  }

  function describeBlindness(reason = 'no verdict', forMs: number): string | undefined {
    if (forMs < gapLimitMs) return undefined
    return `nothing could be observed for ${Math.round(forMs / 1000)} s: ${reason}`
  }
}

/** What stands in the log is what the processes were told; where someone else moved it, what they were told since. */
function sceneOf(state: RolloutState): Scene {
  const exposure = (state.phase === 'paused' ? state.found : undefined) ?? state.exposure
  const calibration = isOpen(state) ? state.calibration?.[state.stage] : undefined
  return {
    ...{ canaryShare: shareOf(exposure), startedAt: state.startedAt },
    ...(calibration === undefined ? {} : { calibration }),
  }
}

/** Where an exposure leaves the share to the flag's definition, it is not known here; nor where it is no share. */
function shareOf({ enabled, rollout = 0 }: Exposure): number {
  return enabled !== false && rollout >= 0 && rollout <= 100 ? rollout / 100 : 0
}

/** A stage entered anew, by whomever, is watched anew. */
function subjectOf(state: RolloutState): string {
  const part = isOpen(state) ? `${state.stage}@${state.enteredAt}` : state.phase
  return `${state.id} ${part}`
}

/** Whether a look that saw something adds to the time a stage was watched, or a rollback quiet. */
function isWatching(state: RolloutState, { verdicts, canaryRequests }: Look): boolean {
  if (state.phase === 'verifying') return canaryRequests === 0
  if (!isOpen(state) || state.phase === 'paused') return false
  return !isDemand(verdicts)
}

/** Whether a guard failed that asks for more than a warning. */
function isDemand(verdicts: readonly Verdict[] | undefined): boolean {
  const decision = decide(verdicts)
  return (
    decision.decision === 'rollback' ||
    (decision.decision === 'hold' && decision.cause === 'failing')
  )
}

/** What fails is acted on though the canary was not seen; what passes is of before, and vouches for nothing. */
function keepFailing(look: Look): Look {
  const { verdicts, unseen: because } = look
  if (because === undefined || verdicts === undefined) return look
  const failing = verdicts.filter(({ outcome }) => outcome === 'fail')
  return failing.length === 0 ? unseen(because) : { verdicts: failing, unseen: because }
}

/** A judge may be anybody's, in plain JavaScript: what is no look has seen nothing. */
function checkLook(look: unknown): Look {
  const { verdicts } = Object(look) as Partial<Look>
  if (verdicts === undefined) return Object(look) as Look
  const isList = Array.isArray(verdicts) && verdicts.every((entry) => Object(entry) === entry)
  return isList ? (look as Look) : unseen('the judge gave no list of verdicts')
}

function unseen(reason: string): Look {
  return { verdicts: undefined, unseen: reason }
}
