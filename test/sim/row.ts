import type { Outcome } from './watch.ts'

/** What every row is run with. */
export interface RowTerms {
  readonly runs: number
  readonly seed: number
}

/** One line of a table of `npm run sim`. */
export interface Row {
  /** The table. */
  readonly group: string
  /** Unique; `--only` finds rows by any part of `group: name`. */
  readonly name: string
  /** Column headings of the group; the first row's count. */
  readonly columns: readonly string[]
  run(terms: RowTerms): RowResult
}

/** What a row found. */
export interface RowResult {
  readonly cells: readonly string[]
  /** The number that was promised and is not kept, for people. */
  readonly broken?: string
}

/** Fewer runs for dear rows. */
export function fewer(runs: number, by: number): number {
  return Math.max(1, Math.round(runs / by))
}

/** 0.0123 → "1.23 %". */
export function sayShare({ alarms, runs }: Pick<Outcome, 'alarms' | 'runs'>): string {
  return `${((100 * alarms) / runs).toFixed(alarms * 10 < runs ? 2 : 1)} %`
}

/** Seconds, and how many runs ended otherwise. */
export function saySeconds({ alarms, earlyAlarms, runs, meanSeconds }: Outcome): string {
  if (alarms === 0) return `none of ${runs}`
  const shown = meanSeconds.toFixed(meanSeconds < 100 ? 1 : 0)
  return alarms + earlyAlarms === runs ? shown : `${shown} in ${alarms} of ${runs}`
}

/** One percent of the rollouts: what the guards promise. */
export const promisedShare = 0.01

/** Broken where more alarms rang than one percent explains, and chance explains that with less than one percent, too. */
export function checkFew(outcome: Outcome): { broken?: string } {
  const { alarms, runs } = outcome
  const isExplained = chanceOfAtLeast(alarms, runs, promisedShare) >= 0.01
  return isExplained ? {} : { broken: `${sayShare(outcome)} false rollbacks` }
}

/** Broken where the mean is over the limit by more than twice its standard error, or not every run ended. */
export function checkSoon(outcome: Outcome, limitSeconds: number): { broken?: string } {
  const { alarms, earlyAlarms, runs, meanSeconds, errorSeconds } = outcome
  const isMissed = alarms + earlyAlarms < runs || alarms === 0
  if (!isMissed && meanSeconds - 2 * errorSeconds <= limitSeconds) return {}
  return { broken: `${saySeconds(outcome)} s, more than ${limitSeconds.toFixed(1)} s` }
}

function chanceOfAtLeast(hits: number, trials: number, probability: number): number {
  let term = (1 - probability) ** trials
  let below = 0
  for (let hit = 0; hit < hits; hit++) {
    below += term
    term *= ((trials - hit) / (hit + 1)) * (probability / (1 - probability))
  }
  return 1 - below
}
