import { type ArmCounts, createArmCounts, type HealthCounts } from './counts.ts'
import { SluiceError } from './error.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'

/** An arm's totals as JSON: at most 3 kB with every bucket in use, some 500 bytes as a rule. */
export interface PackedArm {
  readonly requests: number
  readonly errors: number
  /** Buckets from the first: a count, or below zero how many empty ones follow. Empty ones at the end are left out. */
  readonly latency: readonly number[]
}

/** Both arms' totals as JSON, for processes that tell each other what they counted. */
export interface PackedCounts {
  readonly stable: PackedArm
  readonly canary: PackedArm
}

/** Packs totals for the way between processes. */
export function packCounts({ stable, canary }: HealthCounts): PackedCounts {
  return { stable: packArm(stable), canary: packArm(canary) }
}

/**
 * Unpacks what {@link packCounts} made, or what somebody else left in its place.
 *
 * @throws SluiceError `invalid_counts` for anything that no recorder counts: another shape, fractions, negative or
 * inexact numbers, more errors than requests, more buckets than there are.
 */
export function unpackCounts(packed: unknown): HealthCounts {
  const { stable, canary } = Object(packed) as Partial<PackedCounts>
  return { stable: unpackArm('stable', stable), canary: unpackArm('canary', canary) }
}

function packArm({ requests, errors, latency }: ArmCounts): PackedArm {
  const runs: number[] = []
  let empty = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const count = latency[bucket]!
    if (count === 0) {
      empty++
      continue
    }
    if (empty > 0) runs.push(-empty)
    runs.push(count)
    empty = 0
  }
  return { requests, errors, latency: runs }
}

function unpackArm(name: string, packed: PackedArm | undefined): ArmCounts {
  const { requests, errors, latency } = Object(packed) as Partial<PackedArm>
  if (!isCount(requests)) throw refuse(name, `requests is ${show(requests)}`)
  if (!isCount(errors)) throw refuse(name, `errors is ${show(errors)}`)
  if (errors > requests) throw refuse(name, `${errors} errors in ${requests} requests`)
  if (!Array.isArray(latency)) throw refuse(name, `latency is ${show(latency)}`)
  const arm = { ...createArmCounts(), requests, errors }
  let bucket = 0
  for (const run of latency as unknown[]) {
    if (!isCount(run) && !(typeof run === 'number' && isCount(-run))) {
      throw refuse(name, `latency holds ${show(run)}`)
    }
    if (run < 0) bucket -= run
    else if (bucket < LATENCY_BUCKETS) arm.latency[bucket++] = run
    else throw refuse(name, `latency has more than ${LATENCY_BUCKETS} buckets`)
  }
  return arm
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 40)
}

function refuse(name: string, fault: string): SluiceError {
  return new SluiceError('invalid_counts', `${name}: ${fault}`)
}
