import { type Replica, rolloutKey } from '@sluice/stores'
import type { RolloutState } from '../transition/state.ts'

/**
 * Whether a flag began to go back in an environment after a revision, though another rollout may stand there by now: the
 * log remembers what the state does not. As far back as the store still holds it.
 *
 * @throws SluiceError Whatever the store throws.
 */
export async function hasRolledBackSince(
  log: Pick<Replica, 'revisionOf' | 'history'>,
  { environment, flag }: { readonly environment: string; readonly flag: string },
  revision: number,
): Promise<boolean> {
  const key = rolloutKey(environment, flag)
  if (log.revisionOf(key) <= revision) return false
  const commits = await log.history(key)
  return commits.some(
    (commit) =>
      commit.revision > revision &&
      commit.changes.some((change) => {
        const { phase } = Object(change.value) as Partial<RolloutState>
        return change.key === key && phase === 'rolling_back'
      }),
  )
}
