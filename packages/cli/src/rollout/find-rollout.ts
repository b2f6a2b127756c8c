import { nearestName, SluiceError } from '@sluice/core'
import { parseRolloutState, type RolloutState } from '@sluice/rollout'
import { type FlagClient, rolloutKey } from '@sluice/stores'

/** The rollout of a flag as it stands in the log; undefined where there was none. @throws SluiceError `invalid_rollout_state`. */
export function readRollout(flags: FlagClient, flag: string): RolloutState | undefined {
  const entry = flags.replica.get(rolloutKey(flags.environment, flag))
  return entry === undefined ? undefined : parseRolloutState(entry.value)
}

/** @throws SluiceError `no_rollout` that says which flags have one, or how to begin. */
export function requireRollout(flags: FlagClient, flag: string): RolloutState {
  const found = readRollout(flags, flag)
  if (found !== undefined) return found
  const { environment } = flags
  const known = listRolloutFlags(flags)
  const nearest = nearestName(flag, known)
  const instead =
    nearest !== undefined
      ? `Did you mean ${nearest}?`
      : known.length > 0
        ? 'sluice rollout status lists those there are.'
        : `sluice rollout start ${flag} --reason "…" begins one.`
  throw new SluiceError(
    'no_rollout',
    `There is no rollout of "${flag}" in ${environment}.\n${instead}`,
    {
      flag,
    },
  )
}

/** The flags that have, or had, a rollout in the environment, sorted. */
export function listRolloutFlags({ replica, environment }: FlagClient): string[] {
  const prefix = rolloutKey(environment, '')
  return replica.keys(prefix).map((key) => key.slice(prefix.length))
}
