import type { Verdict } from '@sluice/guards'
import type { CreateJudge, Look } from './judge.ts'

/**
 * A verdict without data behind it, for tests of what follows from one.
 *
 * @param fields Any field of a verdict. Default guard `scripted`, consequence `rollback`.
 */
export function createVerdict(outcome: Verdict['outcome'], fields: Partial<Verdict> = {}): Verdict {
  const silent = { requests: 0, errors: 0 }
  return {
    guard: 'scripted',
    kind: 'error_rate',
    outcome,
    consequence: 'rollback',
    next: 'another script',
    because: `scripted to ${outcome === 'inconclusive' ? 'be inconclusive' : outcome}`,
    estimate: undefined,
    evidence: outcome === 'fail' ? 1 : 0,
    evidenceLog: 0,
    counts: { stable: silent, canary: silent },
    ...fields,
  }
}

/**
 * A judge that says what a script says, for the controller's option `judge`.
 *
 * @param script Asked at each look, with the time; a throw is a look that saw nothing. A bare list
 * of verdicts stands for a look in which the canary served nothing.
 */
export function scriptedJudge(
  script: (now: number) => Look | readonly Verdict[] | Promise<Look>,
): CreateJudge {
  return () => ({
    look(now) {
      const look = script(now)
      return isVerdicts(look) ? { verdicts: look, canaryRequests: 0 } : look
    },
  })
}

function isVerdicts(look: object): look is readonly Verdict[] {
  return Array.isArray(look)
}
