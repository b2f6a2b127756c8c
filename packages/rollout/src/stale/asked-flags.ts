import type { Replica } from '@sluice/stores'
import { z } from 'zod'

/** When flags were last asked for, as far as anybody counted. */
export interface AskedFlags {
  /** Since when it has been counted without a gap, epoch ms. */
  readonly since: number
  /** By flag; one that is missing was not asked since. */
  readonly flags: ReadonlyMap<string, AskedFlag>
  /** Since when a process that counts has known a flag, epoch ms, where it was not asked for by then. */
  readonly known?: ReadonlyMap<string, number>
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
  knownAt: z.number().optional(),
  lastAt: z.number().optional(),
  variants: z.record(z.string(), z.number()).optional(),
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
  const known = new Map<string, number>()
  const prefix = `${askedKey(environment)}/`
  for (const { key, value } of log.entries(prefix)) {
    const read = flagSchema.safeParse(value).data
    if (read === undefined) continue
    const { knownAt, lastAt, variants = {} } = read
    const flag = key.slice(prefix.length)
    if (knownAt !== undefined) known.set(flag, knownAt)
    if (lastAt !== undefined) flags.set(flag, { lastAt, variants })
  }
  return { since: span.since, flags, known }
}

/** The span of counting; undefined where there is none, or none that can be read. */
export function readAskedSpan(
  log: Pick<Replica, 'get'>,
  environment: string,
): { readonly since: number; readonly reportedAt: number } | undefined {
  return spanSchema.safeParse(log.get(askedKey(environment))?.value).data
}

/** What stands in the log of one flag; `lastAt` is missing where it is known and was never asked for. */
export interface AskedRecord {
  readonly knownAt?: number
  readonly lastAt?: number
  readonly variants: Readonly<Record<string, number>>
}

/** Reads what stands in the log of one flag; undefined where nothing does, or nothing that can be read. */
export function readAskedFlag(
  log: Pick<Replica, 'get'>,
  environment: string,
  flag: string,
): AskedRecord | undefined {
  const read = flagSchema.safeParse(log.get(askedKey(environment, flag))?.value).data
  if (read === undefined) return undefined
  const { knownAt, lastAt, variants = {} } = read
  return {
    ...(knownAt === undefined ? {} : { knownAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
    variants,
  }
}
