import type { Tick } from '../counts.ts'
import type { Verdict } from '../verdict.ts'
import type { ProbeGuard } from './validate-probe.ts'

/** What a guard that looks for itself found; its reading without the time. */
export type Finding =
  | { readonly value: number }
  | { readonly stable: number; readonly canary: number }
  | { readonly ok: boolean; readonly because: string }
  | { readonly unknown: string }

/** A finding and its time, epoch ms. */
export type Found = Finding & { readonly at: number }

/** After this a reading says nothing of now, and a threshold has not been seen to be held. */
export const READING_LIMIT_MS = 30_000

/** The tick's reading of a guard; undefined where it has none. */
export function readingOf({ readings }: Tick, name: string): Found | undefined {
  const reading = readings?.[name]
  // A guard may be named after what every object has, and that is no reading.
  return typeof reading?.at === 'number' ? reading : undefined
}

/** A verdict of a guard that has no counts and no alpha. */
export function probeVerdict(
  { name, kind, consequence, alert }: ProbeGuard,
  said: Pick<Verdict, 'outcome' | 'because' | 'next' | 'estimate' | 'evidence'> &
    Partial<Pick<Verdict, 'dataAt' | 'decidedAt' | 'secondsToDecision'>>,
): Verdict {
  return {
    guard: name,
    kind,
    consequence,
    ...(alert === undefined ? {} : { alert }),
    ...(said.outcome === 'pass' ? { basis: 'estimate' as const } : {}),
    evidenceLog: 0,
    counts: { stable: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } },
    ...said,
  }
}

/** 45,000 ms → "45 s". */
export function saySeconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`
}
