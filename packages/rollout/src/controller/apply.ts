import { isSluiceError, SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import type { Transition } from '../transition/event.ts'
import type { RolloutState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import type { Journal, Reading, RolloutLog } from './journal.ts'
import type { Teller } from './rollout-events.ts'

/**
 * Decides from what the log says. Called anew for every reading, so that nothing is carried over
 * from a state that someone else has changed meanwhile; undefined: nothing to do.
 */
export type Decide = (reading: Reading) => Transition | undefined

/**
 * Carries a decision into the log, and tells of it once it is durable.
 *
 * @returns The state in the log afterwards.
 */
export type Apply = (decide: Decide) => Promise<RolloutState | undefined>

/** Each lost race means that someone else made progress; more than this in a row is a storm. */
const maxLostRaces = 10

/** @param options.actor Named in the log for what the controller does by itself. */
export function createApply(options: {
  readonly journal: Journal
  readonly log: RolloutLog
  readonly clock: Clock
  readonly actor: string
  readonly teller: Teller
}): Apply {
  const { journal, log, clock, actor, teller } = options

  /** Someone else's hand on the exposure comes before anything of ours. */
  async function yieldToMover(reading: Reading): Promise<Transition | undefined> {
    const { state, exposure } = reading
    if (state === undefined) return undefined
    const foreseen = yieldTo(state, 'someone')
    if (foreseen.state === state) return undefined
    return yieldTo(state, await journal.findMover(reading).catch(() => 'someone'))

    function yieldTo(from: RolloutState, by: string): Transition {
      return transition(from, { type: 'exposure_changed', actor, by, exposure }, clock.now())
    }
  }

  async function write(reading: Reading, next: Transition): Promise<'written' | 'lost'> {
    try {
      await journal.write(reading, next)
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'conflict') throw error
      await log.refresh()
      return 'lost'
    }
    const { state, effects } = next
    const { flag, environment } = state
    for (const effect of effects) {
      if (effect.type !== 'announce') continue
      const { name, level, message } = effect
      teller.tell('event', { name, level, message, flag, environment, at: clock.now(), state })
    }
    return 'written'
  }

  return async (decide) => {
    for (let lost = 0; ; ) {
      const reading = journal.read()
      const moved = await yieldToMover(reading)
      const next = moved ?? decide(reading)
      if (next === undefined || next.state === reading.state) return reading.state
      const outcome = await write(reading, next)
      if (outcome === 'written' && moved === undefined) return next.state
      if (outcome === 'lost') lost += 1
      if (lost > maxLostRaces) throw contended(reading)
    }
  }
}

function contended({ state }: Reading): SluiceError {
  return new SluiceError(
    'conflict',
    `The rollout${state === undefined ? '' : ` of ${state.flag}`} is being changed by others all the time; try again.`,
  )
}
