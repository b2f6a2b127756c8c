import type { ServerFacts } from '../store/server-facts.ts'
import { formatDuration } from '../time.ts'
import { type Finding, isAtLeast } from './finding.ts'

/** The oldest that the stores work with: docs/stores. */
const leastVersions: { readonly [product: string]: readonly number[] } = {
  Redis: [6, 2],
  PostgreSQL: [12],
  NATS: [2, 9],
}

/** Guards and notices tell time in seconds; a clock that is off by more misleads people, too. */
const mostSkewMs = 30_000
const clockRemedy = 'One of the two clocks is wrong. Synchronise both by NTP.'

/** The version of the server behind the store. */
export function checkServer({ product, version }: ServerFacts): Finding {
  const name = 'server'
  if (version === undefined) return { name, status: 'ok', found: `${product}; it tells no version` }
  const found = `${product} ${version}`
  const least = leastVersions[product] ?? []
  if (isAtLeast(version, least)) return { name, status: 'ok', found }
  const remedy = `The store needs ${product} ${least.join('.')} or newer.`
  return { name, status: 'fail', found, remedy }
}

/** A commit of the log, as far as it tells the time. */
export interface WrittenAt {
  readonly at: number
  readonly actor: string
}

/**
 * Holds this machine's clock to the server's, and to the log: what was written in the future was written by
 * another clock.
 *
 * @param serverAt Epoch milliseconds by the server's clock; undefined where it tells none.
 */
export function checkClock(
  commits: readonly WrittenAt[],
  now: number,
  serverAt: number | undefined,
): Finding {
  const name = 'clock'
  const latest = commits.reduce<WrittenAt | undefined>(
    (last, commit) => (last === undefined || commit.at > last.at ? commit : last),
    undefined,
  )
  const skewMs = serverAt === undefined ? 0 : now - serverAt
  if (Math.abs(skewMs) > mostSkewMs) {
    const found = `${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server's`
    return { name, status: 'warn', found, remedy: clockRemedy }
  }
  if (latest !== undefined && latest.at - now > mostSkewMs) {
    const found = `${formatDuration(latest.at - now)} behind what ${latest.actor} wrote`
    return { name, status: 'warn', found, remedy: clockRemedy }
  }
  const found =
    serverAt === undefined ? 'not behind the log' : "as the server's, and not behind the log"
  return { name, status: 'ok', found }
}
