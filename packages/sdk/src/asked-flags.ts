import type { Answer } from '@sluice/core'
import { askedKey, longestGapMs, readAskedFlag, readAskedSpan } from '@sluice/rollout/stale'
import type { Change, Clock, FlagClient } from '@sluice/stores'
import type { AnswerTaps } from './answer-taps.ts'

/** Counts which flags are asked for, and what they answered. */
export interface AskedCounter {
  /** Adds what was counted since the last report to the log. Rejects with what the store throws; nothing is lost then. */
  report(): Promise<void>
  /** Reports once more, where the log is there, and stops. */
  close(): Promise<void>
}

/** How it is counted. */
export interface AskedOptions {
  /** Where the questions are heard. */
  readonly taps: AnswerTaps
  readonly clock: Clock
  /** Time between two reports in ms. Default: an hour. */
  readonly reportMs?: number
  readonly onError: (error: unknown) => void
}

/** A commit an hour and process: often enough for a policy that thinks in months. */
const defaultReportMs = 3_600_000
/** A commit may hold a megabyte; a flag's counts are some hundred bytes. */
const flagsPerCommit = 500

interface Count {
  times: number
}

/**
 * Counts the questions that a client is asked from now on. Each costs two look-ups in maps; nothing is allocated but for
 * the first answer of a variant.
 *
 * What the taps do not hear does not count, nor do keys that no flag has.
 */
export function countAsked(
  client: Pick<FlagClient, 'environment' | 'replica' | 'snapshot'>,
  options: AskedOptions,
): AskedCounter {
  const { taps, clock, reportMs = defaultReportMs, onError } = options
  const { environment, replica } = client
  let countingSince = clock.now()
  let lookedAt = countingSince
  /** By flag and variant: since the last report. */
  let counts = new Map<string, Map<string, Count>>()

  const stopHearing = taps.onAnswer(({ flagKey, variant, errorCode }: Answer) => {
    if (errorCode !== 'FLAG_NOT_FOUND') count(flagKey, variant ?? 'default', 1)
  })

  function count(key: string, variant: string, times: number): void {
    let variants = counts.get(key)
    if (variants === undefined) {
      variants = new Map()
      counts.set(key, variants)
    }
    const counted = variants.get(variant)
    if (counted === undefined) variants.set(variant, { times })
    else counted.times += times
  }

  async function report(): Promise<void> {
    // After a sleep, or a jump of the clock, nobody knows what was asked in between.
    if (clock.now() - lookedAt > longestGapMs) countingSince = clock.now()
    lookedAt = clock.now()
    await replica.refresh()
    const taken = [...counts, ...unheardOf()]
    counts = new Map()
    // Also where nothing was asked: that somebody counts is what makes "never asked" a statement.
    do {
      const part = taken.splice(0, flagsPerCommit)
      try {
        await write(part)
      } catch (error) {
        // Counted again: where the outcome is unknown, twice perhaps.
        for (const [key, variants] of [...part, ...taken]) {
          for (const [variant, { times }] of variants) count(key, variant, times)
        }
        throw error
      }
    } while (taken.length > 0)
  }

  /** Flags of which the log has nothing yet: from now on it may be said that nobody asked for them. */
  function unheardOf(): [string, Map<string, Count>][] {
    return client
      .snapshot()
      .keys()
      .filter((key) => !counts.has(key) && !replica.get(askedKey(environment, key)))
      .map((key) => [key, new Map()])
  }

  async function write(part: readonly (readonly [string, Map<string, Count>])[]): Promise<void> {
    const now = clock.now()
    const basedOn = replica.head.revision
    const span = readAskedSpan(replica, environment)
    const isGap = span === undefined || now - span.reportedAt > longestGapMs
    const since = Math.min(isGap ? countingSince : span.since, now)
    const changes: Change[] = [{ key: askedKey(environment), value: { since, reportedAt: now } }]
    for (const [flag, variants] of part) {
      const before = readAskedFlag(replica, environment, flag)
      const key = askedKey(environment, flag)
      if (variants.size === 0) {
        if (before === undefined) changes.push({ key, value: { knownAt: now } })
        continue
      }
      const totals: Record<string, number> = { ...before?.variants }
      for (const [variant, { times }] of variants) {
        totals[variant] = (totals[variant] ?? 0) + times
      }
      const lastAt = Math.max(now, before?.lastAt ?? now)
      const known = before?.knownAt === undefined ? {} : { knownAt: before.knownAt }
      changes.push({ key, value: { ...known, lastAt, variants: totals } })
    }
    const asked = part.filter(([, variants]) => variants.size > 0)
    const reason = `${asked.length} flags were asked for since the last report`
    await replica.commit(
      { actor: 'sluice', action: 'count_asked', reason, environment, changes },
      { dependsOn: changes.map(({ key }) => key), basedOn },
    )
  }

  /** What another process's report collides with comes with the next. */
  const tryReport = () => report().catch(onError)
  let cancel = clock.after(reportMs, beat)
  let isClosed = false
  async function beat(): Promise<void> {
    await tryReport()
    if (!isClosed) cancel = clock.after(reportMs, beat)
  }

  return {
    report,
    async close() {
      isClosed = true
      stopHearing()
      cancel()
      if (replica.status === 'live') await tryReport()
    },
  }
}
