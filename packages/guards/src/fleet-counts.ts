import { seriesOf, subtract, sumArms } from './arm-counts.ts'
import { findFallen, findInvalid, LONGEST_TICK_MS } from './check-counts.ts'
import { type ArmCounts, createArmCounts, type Declaration, type HealthCounts } from './counts.ts'
import { findLastDeclaration, readDeclaration } from './declared.ts'
import { countLatencies } from './latency-histogram.ts'

/** What one process tells of itself: its totals, and which of its tellings this is. */
export interface ProcessReport {
  /** The process's name. Where it begins again, the name may stay. */
  readonly processId: string
  /** One life of the process: its counters began at zero with it. */
  readonly incarnation: string
  /** Rises from report to report of one incarnation. */
  readonly sequence: number
  /** How long the incarnation has counted, in ms by its own clock. */
  readonly countedMs: number
  readonly counts: HealthCounts
}

/** A report that was ignored. */
export interface RefusedReport {
  readonly processId: string
  /** A line for people. */
  readonly because: string
}

/** What is known of one life of a process. */
export interface FleetProcess {
  readonly processId: string
  readonly incarnation: string
  /** `live`: told something new lately. `stale`: still to be seen, but nothing new for 5 s. `gone`: not to be seen. */
  readonly status: 'live' | 'stale' | 'gone'
  /** Since it last told something new, in ms. */
  readonly quietMs: number
  /** What of it stands in the sum. */
  readonly stable: Counted
  readonly canary: Counted
}

/** Requests and errors of one arm. */
export interface Counted {
  readonly requests: number
  readonly errors: number
}

/** The sum of what the processes of a fleet counted, each request once. */
export interface FleetCounts {
  /**
   * Takes in all reports that are to be seen at one moment.
   *
   * @param now Epoch ms of this process.
   * @returns Those that cannot be true; they change nothing.
   */
  take(reports: readonly ProcessReport[], now: number): RefusedReport[]
  /**
   * The sum. It never falls: what a process counted stays in it when the process goes.
   *
   * Where only some processes know units, each error of the others counts as a failed unit of its own, and units are those
   * of the ones that know them. `processes` is how many served a request in the minute before the last take; undefined
   * where none did.
   * The declaration made last stands until the process that made it has been silent for a minute: it is not to stop the
   * next rollout, of what was mended. Of series, the first 64 names are kept.
   */
  read(): HealthCounts
  /** The processes seen lately, by name; of those that went, the thousand that went last. */
  processes(now: number): FleetProcess[]
}

/** Of a process first seen at this age or younger, all it counted is new; of an older one, what it counts from then on. */
const NEW_PROCESS_MS = 10_000

/** A process tells each second; five are more than a late timer. */
const STALE_MS = 5_000

/** No process serves a tenth of this; a counter that rises faster is none. */
const MOST_PER_SECOND = 1_000_000

/** Some 300 bytes each. What is forgotten is counted from where it stands, should it ever come back. */
const MOST_SILENT = 1_000

/** Four times what one process may name: releases of an application may name theirs otherwise. */
const MOST_SERIES_OF_ALL = 64

interface Life {
  readonly processId: string
  readonly sequence: number
  readonly countedMs: number
  readonly seenAt: number
  readonly isPresent: boolean
  /** The totals told last; undefined once they are too old to be the ground of a difference. */
  readonly counts: HealthCounts | undefined
  /** When it last told of a request, by this process's clock; undefined before it did. */
  readonly servedAt: number | undefined
  readonly stable: Counted
  readonly canary: Counted
}

/**
 * Starts a sum at zero.
 *
 * It adds up differences: of each report what is new since the report before of the same incarnation, under the rules that a
 * ticker has for one source. So nothing counts twice, whatever is repeated, late, or begins anew; and no difference
 * covers more than a minute, within which the split may have moved.
 */
export function createFleetCounts(): FleetCounts {
  const sum = { stable: createArmCounts(), canary: createArmCounts() }
  /** By incarnation. */
  const declarations = new Map<
    string,
    { readonly declared: Declaration; readonly saidAt: number }
  >()
  let takenAt = 0
  /** By incarnation, those that told something new last at the end. */
  const lives = new Map<string, Life>()

  function takeOne(report: ProcessReport, now: number): string | undefined {
    const { processId, incarnation, sequence, countedMs, counts } = report
    const life = lives.get(incarnation)
    if (life !== undefined && sequence <= life.sequence) {
      lives.set(incarnation, { ...life, isPresent: true })
      return undefined
    }
    // Words that ask for a rollback do not wait for sound numbers.
    const declared = readDeclaration(counts.declared)
    if (declared !== undefined) {
      declarations.set(incarnation, { declared, saidAt: now })
    }
    const ground = groundOf(life, report, now)
    const fault = findFault(report, ground, life)
    if (fault !== undefined) return fault
    const stable = subtract(counts.stable, ground?.stable ?? counts.stable)
    const canary = subtract(counts.canary, ground?.canary ?? counts.canary)
    sum.stable = add(sum.stable, stable)
    sum.canary = add(sum.canary, canary)
    const hasServed = stable.requests + canary.requests > 0
    lives.delete(incarnation)
    lives.set(incarnation, {
      ...{ processId, sequence, countedMs, seenAt: now, isPresent: true, counts },
      servedAt: hasServed ? now : life?.servedAt,
      stable: addCounted(life?.stable, stable),
      canary: addCounted(life?.canary, canary),
    })
    return undefined
  }

  /** Lets go of totals that no difference may be taken from any more, and of who has been silent longest. */
  function fold(now: number): void {
    let silent = 0
    for (const [incarnation, life] of lives) {
      if (now - life.seenAt <= LONGEST_TICK_MS) continue
      silent++
      if (life.counts !== undefined) lives.set(incarnation, { ...life, counts: undefined })
    }
    for (const incarnation of lives.keys()) {
      if (silent-- <= MOST_SILENT) break
      lives.delete(incarnation)
    }
    for (const [incarnation, { saidAt }] of declarations) {
      if (now - saidAt > LONGEST_TICK_MS) declarations.delete(incarnation)
    }
  }

  return {
    take(reports, now) {
      takenAt = now
      for (const [incarnation, life] of lives) {
        if (life.isPresent) lives.set(incarnation, { ...life, isPresent: false })
      }
      const refused: RefusedReport[] = []
      for (const report of reports) {
        const because = takeOne(report, now)
        if (because !== undefined) refused.push({ processId: report.processId, because })
      }
      fold(now)
      return refused
    },

    read() {
      const declared = findLastDeclaration([...declarations.values()].map((said) => said.declared))
      const processes = countServing(lives.values(), takenAt)
      return {
        stable: subtract(sum.stable, undefined),
        canary: subtract(sum.canary, undefined),
        ...(processes === 0 ? {} : { processes }),
        ...(declared === undefined ? {} : { declared }),
      }
    },

    processes: (now) =>
      [...lives]
        .map(([incarnation, { processId, seenAt, isPresent, stable, canary }]): FleetProcess => {
          const quietMs = Math.max(0, now - seenAt)
          const status = !isPresent ? 'gone' : quietMs > STALE_MS ? 'stale' : 'live'
          return { processId, incarnation, status, quietMs, stable, canary }
        })
        .sort((one, other) => (one.processId < other.processId ? -1 : 1)),
  }
}

/** The totals that a report is to be compared with; undefined where it can only be the ground of the next. */
function groundOf(
  life: Life | undefined,
  { countedMs }: ProcessReport,
  now: number,
): HealthCounts | undefined {
  if (life === undefined) return countedMs <= NEW_PROCESS_MS ? zero : undefined
  // By both clocks: either may have jumped, and a report may have been long on its way.
  const stretchMs = Math.max(now - life.seenAt, countedMs - life.countedMs)
  return stretchMs <= LONGEST_TICK_MS ? life.counts : undefined
}

const zero: HealthCounts = { stable: createArmCounts(), canary: createArmCounts() }

function findFault(
  { counts, countedMs }: ProcessReport,
  ground: HealthCounts | undefined,
  life: Life | undefined,
): string | undefined {
  const invalid = findInvalid(counts)
  if (invalid !== undefined || ground === undefined) return invalid
  const fallen = findFallen(counts, ground)
  if (fallen !== undefined) return fallen
  const stretchMs = Math.max(0, countedMs - (life?.countedMs ?? 0))
  const most = MOST_PER_SECOND * (1 + stretchMs / 1000)
  for (const name of ['stable', 'canary'] as const) {
    const { requests, latency, units = 0, series = {} } = subtract(counts[name], ground[name])
    if (requests > most) return `${name}: ${requests} requests in ${Math.round(stretchMs)} ms`
    if (countLatencies(latency) > requests) return `${name}: more latencies than requests`
    if (units > most) return `${name}: ${units} units in ${Math.round(stretchMs)} ms`
    for (const [event, { count }] of Object.entries(series)) {
      if (count > most) return `${name}: ${count} of series ${event} in ${Math.round(stretchMs)} ms`
    }
  }
  return undefined
}

/** Adds up what there is room for. */
function add(sum: ArmCounts, { series, ...counts }: ArmCounts): ArmCounts {
  if (series === undefined) return sumArms(sum, counts)
  let room = MOST_SERIES_OF_ALL - Object.keys(sum.series ?? {}).length
  const kept = Object.entries(series).filter(
    ([name]) => seriesOf(sum.series, name) !== undefined || room-- > 0,
  )
  return sumArms(sum, { ...counts, series: Object.fromEntries(kept) })
}

function countServing(lives: Iterable<Life>, now: number): number {
  let serving = 0
  for (const { servedAt } of lives) {
    if (servedAt !== undefined && now - servedAt <= LONGEST_TICK_MS) serving++
  }
  return serving
}

function addCounted(before: Counted | undefined, { requests, errors }: Counted): Counted {
  return {
    requests: (before?.requests ?? 0) + requests,
    errors: (before?.errors ?? 0) + errors,
  }
}
