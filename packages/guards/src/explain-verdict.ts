import type { ArmSummary, Verdict } from './verdict.ts'
import { sayCounts, sayNumber, sayPercent, saySeconds } from './wording.ts'

/** A verdict as one line, and as plain JSON with the parts that make it. */
export interface VerdictExplanation {
  /** Everything, readable at a glance. */
  readonly line: string
  readonly guard: string
  readonly kind: Verdict['kind']
  readonly outcome: Verdict['outcome']
  /** Of a pass: whether health is proven or only looks so; null on other outcomes. */
  readonly basis: 'estimate' | 'proven' | null
  readonly consequence: Verdict['consequence']
  readonly because: string
  /** What would change the outcome. */
  readonly next: string
  /** See {@link Verdict.estimate}; null where there is none. */
  readonly estimate: number | null
  /** Null where nothing can be said. */
  readonly interval: readonly [low: number, high: number] | null
  readonly intervalConfidence: number | null
  /** What is proven: the smallest margin, and how sure that is. */
  readonly proven: { readonly margin: number; readonly confidence: number } | null
  /** 0–1. */
  readonly evidence: number
  readonly counts: { readonly stable: ArmSummary; readonly canary: ArmSummary }
  readonly secondsToDecision: number | null
  /** Epoch ms; null while nothing was decided. */
  readonly decidedAt: number | null
  /** When data last reached the guard, epoch ms; null before any did. */
  readonly dataAt: number | null
  readonly alert: Verdict['alert'] | null
  readonly parts: readonly VerdictExplanation[]
}

/** Says why a guard says what it says. */
export function explainVerdict(verdict: Verdict): VerdictExplanation {
  const { guard, kind, outcome, consequence, because, next, evidence, counts } = verdict
  const { interval, intervalConfidence, provenMargin, provenConfidence } = verdict
  return {
    line: toLine(verdict),
    ...{ guard, kind, outcome, consequence, because, next },
    basis: verdict.basis ?? null,
    estimate: verdict.estimate ?? null,
    interval: interval ?? null,
    intervalConfidence: intervalConfidence ?? null,
    proven:
      provenMargin === undefined || provenConfidence === undefined
        ? null
        : { margin: provenMargin, confidence: provenConfidence },
    ...{ evidence, counts },
    secondsToDecision: verdict.secondsToDecision ?? null,
    decidedAt: verdict.decidedAt ?? null,
    dataAt: verdict.dataAt ?? null,
    alert: verdict.alert ?? null,
    parts: (verdict.parts ?? []).map(explainVerdict),
  }
}

function toLine(verdict: Verdict): string {
  const { guard, outcome, consequence, basis, because, next, evidence, counts } = verdict
  const { interval, intervalConfidence = 0, secondsToDecision } = verdict
  const word = outcome === 'fail' ? `fail, ${consequence}` : (basis ?? outcome)
  const parts = [because]
  if (interval !== undefined) {
    parts.push(`${sayRange(interval)} at ${sayPercent(intervalConfidence)}`)
  }
  parts.push(`evidence ${sayPercent(evidence)}`)
  const { canary, stable } = counts
  if (
    canary.requests + stable.requests > 0 &&
    !because.includes(` of ${sayNumber(canary.requests)}`)
  ) {
    parts.push(`canary ${sayArm(verdict, canary)}, stable ${sayArm(verdict, stable)}`)
  }
  if (secondsToDecision !== undefined) parts.push(`decides ${saySeconds(secondsToDecision)}`)
  return `${guard} [${word}] ${parts.join('; ')}. Next: ${next}`
}

/** Where errors are judged, how many of how many; where something else is, how many were looked at. */
function sayArm({ kind }: Verdict, { errors, requests }: ArmSummary): string {
  if (kind === 'sample_ratio') return `${sayNumber(requests)} units`
  const isOfErrors = kind === 'error_rate' || kind === 'max_error_rate'
  return isOfErrors ? `${sayCounts(errors, requests)} by now` : `${sayNumber(requests)} requests`
}

function sayRange([low, high]: readonly [number, number]): string {
  const say = (value: number) => (value >= 1e6 ? 'any' : String(Number(value.toPrecision(2))))
  return `between ${say(low)} and ${say(high)}`
}
