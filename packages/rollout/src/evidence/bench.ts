import type { GuardCheckpoint } from '@sluice/guards'
import type { RolloutState } from '../transition/state.ts'
import { type CreateJudge, type Judge, shareOfAlpha } from './judge.ts'
import type { Run } from './keeper.ts'

/** Where the judge of a guard process sits: one at a time. */
export interface Bench {
  /** The judge of this run of the rollout; the same one for as long as it is the same run. */
  judgeOf(state: RolloutState, run: Run | undefined): Judge
  /** What the judge has seen; undefined where there is none, or it cannot tell. */
  checkpoint(): GuardCheckpoint | undefined
  /** Lets the judge go. */
  close(): void
}

/**
 * An empty bench. A judge that cannot be made is one whose every look rejects: the rollout holds.
 *
 * @param onError Told of a judge that cannot say what it has seen.
 */
export function createBench(createJudge: CreateJudge, onError: (error: unknown) => void): Bench {
  let seated: { readonly of: string; readonly judge: Judge } | undefined

  return {
    judgeOf({ id, guards, alpha }, run) {
      const number = run?.id === id ? run.number : undefined
      // A process that only sees a rollback to its end judges nothing and spends no alpha.
      const from = run?.from
      const terms =
        number === undefined
          ? { guards: [], alpha }
          : { guards, alpha: shareOfAlpha(alpha, number), ...(from === undefined ? {} : { from }) }
      const of = `${id} ${number}`
      try {
        if (seated?.of !== of) {
          seated?.judge.close?.()
          seated = { of, judge: createJudge(terms) }
        }
        return seated.judge
      } catch (error) {
        // A rollout that cannot be judged is one that cannot be seen: it holds, and says why.
        return { look: () => Promise.reject(error) }
      }
    },

    checkpoint() {
      try {
        return seated?.judge.checkpoint?.()
      } catch (error) {
        // A judge may be anybody's; one that cannot tell what it saw keeps nobody from looking, or from stopping.
        onError(error)
        return undefined
      }
    },

    close() {
      seated?.judge.close?.()
      seated = undefined
    },
  }
}
