import type { EvaluationContext } from '@sluice/core'
import { isRolloutOver } from '@sluice/rollout'
import { type FlagClient, rolloutKey } from '@sluice/stores'
import { armOf } from './guarded.ts'
import type { Flags } from './open-flags.ts'

/** Counts a business event of somebody. @param value A number of at least 0, where it has one: others are dropped. */
export type CountEvent = (name: string, context: EvaluationContext, value?: number) => void

/**
 * Counts events of the application's own for every flag whose rollout is under way, under the arm
 * that the flag chooses for who caused it: as `flags.health(key).track` does for one flag. Who cannot
 * be placed is counted in no arm.
 *
 * @returns Undefined for a client that counts nothing.
 */
export function createEventCounter(client: FlagClient): CountEvent | undefined {
  const { health } = client as Partial<Flags>
  if (health === undefined) return undefined
  const { replica, environment } = client
  const prefix = rolloutKey(environment, '')
  let readAt: string | undefined
  let underWay: readonly string[] = []

  /** Looks through the log's state once for each of its states, and not for each event. */
  function flagsUnderWay(): readonly string[] {
    const { hash } = replica.head
    if (hash !== readAt) {
      readAt = hash
      const entries = replica.entries(prefix).filter(({ value }) => !isRolloutOver(value))
      underWay = entries.map(({ key }) => key.slice(prefix.length))
    }
    return underWay
  }

  return (name, context, value) => {
    // What came as JSON, or of untyped code, may be anything.
    const amount = value === undefined || typeof value === 'number' ? value : Number.NaN
    // The snapshot, not the client: to count an event is not to ask for the flag.
    const flags = client.snapshot()
    for (const key of flagsUnderWay()) {
      const arm = armOf(flags.evaluate(key, context))
      if (arm !== undefined) health(key).track(name, arm, amount)
    }
  }
}
