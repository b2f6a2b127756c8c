import type { Replica } from '@sluice/stores'
import { z } from 'zod'

/** When flags were last asked for, as far as anybody counted. */
export interface AskedFlags {
  /** Since when it has been counted without a gap, epoch ms. */
  readonly since: number
  /** By flag; one that is missing was not asked since. */
  readonly flags: ReadonlyMap<string, AskedFlag>
}

/** What was counted of one flag. */
export interface AskedFlag {
  /** Epoch ms, as exact as the reports that it comes from: an hour. */
  readonly lastAt: number
  /** How often each variant was answered; `default` where the caller's fallback was. */
  readonly variants?: Readonly<Record<string, number>>
}

const spanSchema = z.looseObject({ since: z.number(), reportedAt: z.number() })
const flagSchema = z.looseObject({
  lastAt: z.number(),
  variants: z.record(z.string(), z.number()),
})

/** Longer without a report, nobody knows what was asked: counting begins anew. A night without traffic is no gap. */
export const longestGapMs = 86_400_000

/** Where the span of counting stands in the log; below it, a key for each flag. */
export function askedKey(environment: string, flag?: string): string {
  return flag === undefined ? `asked/${environment}` : `asked/${environment}/${flag}`
}

/**
 * What all processes of an environment counted, from the log: the input of `flagDebt`.
 *
 * @param now Epoch ms.
 * @returns undefined where nobody counts, or nobody has reported for a day: then nothing may be said of flags that are
 * not asked for.
 */
export function readAsked(
  log: Pick<Replica, 'get' | 'entries'>,
  environment: string,
  now: number,
): AskedFlags | undefined {
  const span = readAskedSpan(log, environment)
  if (span === undefined || now - span.reportedAt > longestGapMs) return undefined
  const flags = new Map<string, AskedFlag>()
  const prefix = `${askedKey(environment)}/`
  for (const { key, value } of log.entries(prefix)) {
    const read = flagSchema.safeParse(value).data
    if (read === undefined) continue
    flags.set(key.slice(prefix.length), { lastAt: read.lastAt, variants: read.variants })
  }
  return { since: span.since, flags }
}

/** The span of counting; undefined where there is none, or none that can be read. */
export function readAskedSpan(
  log: Pick<Replica, 'get'>,
  environment: string,
): { readonly since: number; readonly reportedAt: number } | undefined {
  return spanSchema.safeParse(log.get(askedKey(environment))?.value).data
}

/** What was counted of one flag; undefined where nothing was. */
export function readAskedFlag(
  log: Pick<Replica, 'get'>,
  environment: string,
  flag: string,
): Required<AskedFlag> | undefined {
  const read = flagSchema.safeParse(log.get(askedKey(environment, flag))?.value).data
  return read && { lastAt: read.lastAt, variants: read.variants }
}
