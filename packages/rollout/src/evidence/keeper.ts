import { isSluiceError } from '@sluice/core'
import type { GuardCheckpoint } from '@sluice/guards'
import type { Clock } from '@sluice/stores'
import type { Apply } from '../controller/apply.ts'
import type { Journal } from '../controller/journal.ts'
import type { Transition } from '../transition/event.ts'
import { isOpen, type OpenState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import { type Evidence, type ObservedTime, readEvidence } from './evidence.ts'

/** What a process judges a rollout by. */
export interface Run {
  readonly id: string
  /** Which share of alpha; see `shareOfAlpha`. */
  readonly number: number
  /** The evidence's, since this one took it up. */
  term: number
  /** The evidence it begins with. */
  readonly from?: GuardCheckpoint
  /** How long those before observed the stage that was the present one. */
  readonly observed?: ObservedTime
}

/** What a process has seen, for the next one to go on from. */
export interface Seen {
  /** Absent where the judge gives none: then its share of alpha is not handed on. */
  readonly checkpoint?: GuardCheckpoint | undefined
  readonly observed?: ObservedTime | undefined
}

/** Takes up the evidence of a rollout, keeps it in the log, and lays it down for the next process. */
export interface Keeper {
  /**
   * Goes on from the evidence in the log. Where it was left in order, at its share of alpha; where it was not, what came
   * after it is lost with whoever saw it, and this process takes the next share.
   *
   * @returns Undefined where the rollout is over, or someone else was faster: try again.
   */
  claim(state: OpenState): Promise<Run | undefined>
  /** Whether it is time to keep a checkpoint. */
  isDue(now: number): boolean
  /**
   * Keeps a checkpoint, unless another process has taken the evidence up: then what this one sees is its own. Where the
   * other laid down what it made of it, at a smaller share, this one's takes its place.
   *
   * @param isLast Nobody goes on here: whoever comes may take over at the same share of alpha.
   */
  keep(run: Run, seen: Seen, isLast: boolean): Promise<void>
}

/** What a keeper is made of. */
export interface KeeperOptions {
  readonly journal: Journal
  readonly apply: Apply
  readonly clock: Clock
  readonly actor: string
  /** Milliseconds between checkpoints. */
  readonly everyMs: number
}

/** Has kept nothing yet. */
export function createKeeper({ journal, apply, clock, actor, everyMs }: KeeperOptions): Keeper {
  let keptAt = Number.NEGATIVE_INFINITY

  /** With another share of alpha, by the commit that counts it. */
  async function begin({ id }: OpenState): Promise<Run | undefined> {
    let begun: { readonly next: Transition; readonly evidence: Evidence } | undefined
    await apply(({ state, evidence: found }) => {
      begun = undefined
      if (state?.id !== id || !isOpen(state)) return undefined
      const next = transition(state, { type: 'guards_started', actor }, clock.now())
      const known = readEvidence(found, state)
      const evidence: Evidence = {
        ...{ schema: 1, rollout: id, run: next.state.guardRuns, at: clock.now() },
        term: (known?.term ?? 0) + 1,
        ...(known === undefined ? {} : seenOf(known)),
      }
      begun = { next, evidence }
      return { ...next, effects: [...next.effects, { type: 'set_evidence', evidence }] }
    })
    return begun === undefined ? undefined : hold(begun.evidence)
  }

  /** What was laid down in order is taken up at its own share of alpha. */
  async function succeed(left: Evidence, revision: number): Promise<Run | undefined> {
    const { isReleased: _, ...rest } = left
    const evidence = { ...rest, term: left.term + 1, at: clock.now() }
    const reason = `guard process ${left.run} of this rollout goes on elsewhere`
    const isWritten = await write(evidence, revision, { action: 'watch', reason })
    return isWritten ? hold(evidence) : undefined
  }

  function hold({ rollout: id, run: number, term, checkpoint, observed }: Evidence): Run {
    keptAt = clock.now()
    return {
      ...{ id, number, term },
      ...(checkpoint === undefined ? {} : { from: checkpoint }),
      ...(observed === undefined ? {} : { observed }),
    }
  }

  /** @returns False where someone else wrote in between. */
  async function write(
    evidence: Evidence,
    revision: number,
    said: { readonly action: string; readonly reason: string },
  ): Promise<boolean> {
    try {
      await journal.writeEvidence(revision, evidence, { actor, ...said })
      return true
    } catch (error) {
      if (isSluiceError(error) && error.code === 'conflict') return false
      throw error
    }
  }

  return {
    async claim(state) {
      const { evidence, revision } = journal.read()
      const known = readEvidence(evidence, state)
      return known?.isReleased === true ? succeed(known, revision) : begin(state)
    },

    // A clock that was set back has not kept anything in what is to come.
    isDue: (now) => Math.abs(now - keptAt) >= everyMs,

    async keep(run, seen, isLast) {
      const { id, number, term } = run
      const { state, evidence, revision } = journal.read()
      if (state?.id !== id || !isOpen(state)) return
      keptAt = clock.now()
      const known = readEvidence(evidence, state)
      if (known === undefined) return
      // Terms begin anew where evidence was damaged; a share of alpha is given out once.
      const isOwn = known.run === number && known.term === term && !known.isReleased
      // Two acted at once, and the one that came later is gone: its share is of no use to anybody any more.
      const isForsaken = known.run > number && known.isReleased === true
      if (!isOwn && !isForsaken) return
      // Without a checkpoint nobody can go on at this share: what was seen is gone.
      const isReleased = isLast && seen.checkpoint !== undefined
      run.term = isOwn ? term : known.term + 1
      const kept: Evidence = {
        ...{ schema: 1, rollout: id, run: number, term: run.term, at: keptAt },
        ...seenOf(seen),
        ...(isReleased ? { isReleased: true as const } : {}),
      }
      const reason = isReleased ? 'the guards lay their evidence down' : 'what the guards have seen'
      await write(kept, revision, { action: 'keep_evidence', reason })
    },
  }
}

function seenOf({ checkpoint, observed }: Seen): Pick<Evidence, 'checkpoint' | 'observed'> {
  return {
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(observed === undefined ? {} : { observed }),
  }
}
