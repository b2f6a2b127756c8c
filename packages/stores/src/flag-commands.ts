import { type Exposure, isSluiceError, SluiceError, type Split } from '@sluice/core'
import { parseExposure } from '@sluice/core/schema'
import { exposureKey } from './flag-keys.ts'
import type { FlagView } from './flag-view.ts'
import type { Replica } from './replica-contract.ts'
import type { Commit } from './store.ts'

/** Who changes something, and why: no change is written without. */
export interface ChangeNote {
  /** A person, or the name of a machine. */
  readonly actor: string
  readonly reason: string
  readonly ticket?: string
}

/** What operators do to a flag in the client's environment; each is one commit. */
export interface FlagCommands<Key extends string = string> {
  /**
   * Sets the percentage of subjects inside.
   *
   * It moves the percentage only: a flag that is not enabled stays off.
   *
   * @param percent 0 to 100.
   * @throws SluiceError `flag_not_found`, `out_of_range`, `invalid_type`, `conflict` where someone else
   * moved the flag at the same moment, and whatever the store refuses. Nothing has changed then.
   */
  setRollout(key: Key, percent: number, note: ChangeNote): Promise<Commit>
  /**
   * Sets the shares between variants, in percent; they sum to 100.
   *
   * @throws SluiceError As `setRollout`; `missing_variant`.
   */
  setSplit(key: Key, split: Split, note: ChangeNote): Promise<Commit>
  /** Turns the flag on, at the percentage it has. @throws SluiceError As `setRollout`. */
  enable(key: Key, note: ChangeNote): Promise<Commit>
  /**
   * The kill switch: turns the flag off for everybody, keeping the percentage for later.
   *
   * Going down waits for nobody: where someone else moves the flag at the same moment, it is turned
   * off after them.
   *
   * @throws SluiceError `flag_not_found`, and whatever the store refuses.
   */
  disable(key: Key, note: ChangeNote): Promise<Commit>
}

/** A flag that moves at every attempt is being fought over; the caller should know. */
const mostAttempts = 20

/** The commands over a replica; the view tells which flags there are. */
export function createFlagCommands(
  replica: Replica,
  view: FlagView,
  environment: string,
): FlagCommands {
  async function move(
    action: string,
    key: string,
    note: ChangeNote,
    next: (exposure: Exposure) => Exposure,
  ): Promise<Commit> {
    await replica.refresh()
    const flag = view.current.inspect(key)
    if (flag === undefined) {
      throw new SluiceError('flag_not_found', `There is no flag "${key}"; nothing was written.`, {
        flag: key,
      })
    }
    const exposure = parseExposure(key, next(flag.exposure ?? {}), flag.definition)
    const { actor, reason, ticket } = note
    const changes = [{ key: exposureKey(environment, key), value: { ...exposure } }]
    return replica.commit({ actor, action, reason, ticket, environment, changes })
  }

  return {
    setRollout: (key, percent, note) =>
      move('set_rollout', key, note, (exposure) => ({ ...exposure, rollout: percent })),
    setSplit: (key, split, note) =>
      move('set_split', key, note, (exposure) => ({ ...exposure, split })),
    enable: (key, note) =>
      move('enable', key, note, (exposure) => ({ ...exposure, enabled: true })),
    async disable(key, note) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await move('disable', key, note, (exposure) => ({ ...exposure, enabled: false }))
        } catch (error) {
          const isLost = isSluiceError(error) && error.code === 'conflict'
          if (!isLost || attempt === mostAttempts) throw error
        }
      }
    },
  }
}
