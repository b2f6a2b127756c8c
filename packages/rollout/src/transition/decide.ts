import type { Verdict } from '@sluice/guards'
import { toReason } from './reason.ts'

/** What the guards together ask for, and the guard that tipped it. */
export type Decision =
  | { readonly decision: 'advance'; readonly because: string }
  | {
      readonly decision: 'hold'
      /** Whether a guard failed, or only has not passed. */
      readonly cause: 'failing' | 'waiting'
      readonly because: string
      readonly guard?: string
    }
  | { readonly decision: 'rollback'; readonly because: string; readonly guard: string }

/**
 * Decides from the guards' verdicts. It never fails open: to advance takes at least one guard that
 * is not only a warning, and a pass from every such guard.
 *
 * @param verdicts The latest of every guard; undefined where nothing could be observed.
 * @returns `rollback` if a guard that asks for it failed, else `hold` if one failed or is
 * inconclusive or there is none, else `advance`. The stage's time is not considered here.
 */
export function decide(verdicts: readonly Verdict[] | undefined): Decision {
  if (verdicts === undefined) return waiting('nothing could be observed')
  const deciding = verdicts.filter(({ consequence }) => consequence !== 'warn')

  const demanding = deciding.find((v) => v.outcome === 'fail' && v.consequence === 'rollback')
  if (demanding !== undefined) {
    return { decision: 'rollback', because: describe(demanding), guard: demanding.guard }
  }
  const failing = deciding.find(({ outcome }) => outcome === 'fail')
  if (failing !== undefined) {
    const { guard } = failing
    return { decision: 'hold', cause: 'failing', because: describe(failing), guard }
  }
  const undecided = deciding.find(({ outcome }) => outcome !== 'pass')
  if (undecided !== undefined) {
    return { ...waiting(describe(undecided)), guard: undecided.guard }
  }
  // That nobody declared anything says nothing of the canary.
  if (deciding.every(isDeclaration)) {
    return waiting('no guard vouches for the canary')
  }
  return { decision: 'advance', because: deciding.map(describe).join('; ') }
}

/** So is a composition of nothing else. */
function isDeclaration({ kind, parts }: Verdict): boolean {
  return parts === undefined ? kind === 'declaration' : parts.every(isDeclaration)
}

function waiting(because: string): Decision & { decision: 'hold' } {
  return { decision: 'hold', cause: 'waiting', because }
}

function describe({ guard, because }: Verdict): string {
  return toReason(`${guard}: ${because}`)
}
