import type { EndedChange } from './changes.ts'

/** A change that failed, and what ended that. Times are epoch ms. */
export interface Failure {
  readonly change: EndedChange
  readonly detectedAt: number
  /** When it was over; undefined while it is not. */
  readonly endedAt: number | undefined
  /** When all was seen to be well. */
  readonly recoveredAt: number | undefined
}

/**
 * Failed changes and what ended each: a rollback ends its own; a failed deployment ends with the next that succeeds; one
 * that a hotfix had to follow failed too, from the beginning of the fix to its release.
 *
 * @param changes By the time of their end.
 */
export function findFailures(changes: readonly EndedChange[]): Failure[] {
  const deployments = byEnvironment(changes.filter(({ kind }) => kind === 'deployment'))
  const failures = new Map<EndedChange, Failure>()
  for (const change of changes) {
    const { outcome, detectedAt = change.endedAt } = change
    if (outcome === 'rolled_back') {
      const { endedAt, recoveredAt } = change
      failures.set(change, { change, detectedAt, endedAt, recoveredAt })
    } else if (outcome === 'failed') {
      const repairedAt = deployments.get(change.environment)?.nextRelease(change.endedAt)
      failures.set(change, { change, detectedAt, endedAt: repairedAt, recoveredAt: repairedAt })
    }
  }
  for (const hotfix of changes) {
    const { type, environment, startedAt, releasedAt } = hotfix
    if (type !== 'hotfix' || releasedAt === undefined) continue
    const fixStartedAt = Math.min(hotfix.fixStartedAt ?? startedAt, startedAt)
    const sequence = deployments.get(environment)
    // What came after people began to mend is not what they mend; unless there is nothing before.
    const repaired =
      sequence?.lastBefore(startedAt, fixStartedAt) ?? sequence?.lastBefore(startedAt, startedAt)
    if (repaired === undefined || failures.has(repaired)) continue
    const detectedAt = repaired.startedAt <= fixStartedAt ? fixStartedAt : startedAt
    failures.set(repaired, {
      change: repaired,
      detectedAt,
      endedAt: releasedAt,
      recoveredAt: releasedAt,
    })
  }
  return [...failures.values()]
}

/** The deployments of one environment, in order: a log of years has many. */
interface Sequence {
  /** When the first release after an instant was. */
  nextRelease(after: number): number | undefined
  /** The last that ended by an instant, began by another, and was no hotfix. */
  lastBefore(endedBy: number, begunBy: number): EndedChange | undefined
}

function byEnvironment(deployments: readonly EndedChange[]): ReadonlyMap<string, Sequence> {
  const found = new Map<string, EndedChange[]>()
  for (const each of deployments) {
    const list = found.get(each.environment)
    if (list === undefined) found.set(each.environment, [each])
    else list.push(each)
  }
  return new Map([...found].map(([environment, list]) => [environment, toSequence(list)]))
}

function toSequence(deployments: readonly EndedChange[]): Sequence {
  // What was taken back later was a release before that: not in the order of the ends.
  const releases = deployments
    .flatMap(({ releasedAt }) => releasedAt ?? [])
    .sort((one, other) => one - other)
  const repairable = deployments.filter(({ type }) => type !== 'hotfix')
  const ends = repairable.map(({ endedAt }) => endedAt)
  return {
    nextRelease: (after) => releases[countUpTo(releases, after)],
    lastBefore(endedBy, begunBy) {
      for (let index = countUpTo(ends, endedBy) - 1; index >= 0; index--) {
        const each = repairable[index]
        if (each !== undefined && each.startedAt <= begunBy) return each
      }
      return undefined
    },
  }
}

/** How many of sorted numbers are at most a limit. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
