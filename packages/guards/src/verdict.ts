import type { Consequence, Guard } from './guard.ts'

/** What a verdict saw of one arm over the whole rollout. */
export interface ArmSummary {
  requests: number
  errors: number
  /** Over the last minute; on guards of latency only. */
  p95Ms?: number
}

/** A guard's answer at this moment, with its evidence. Plain data. */
export interface Verdict {
  /** The guard's name. */
  guard: string
  kind: Guard['kind']
  /** `inconclusive` means: hold. A failure that asks for rollback stays one for the rest of the rollout. */
  outcome: 'pass' | 'fail' | 'inconclusive'
  /** What this failure asks for; on other outcomes the most the guard may ask for. */
  consequence: Consequence
  /** One line for people. */
  because: string
  /** On a pass: whether health is proven or only looks so. */
  basis?: 'estimate' | 'proven'
  /**
   * The ratio of canary to stable (of error ratios, or of p95s), or the value under an absolute limit (a ratio 0–1, or ms).
   *
   * Over the whole rollout while nothing speaks against the canary; once something does, since about when the trouble
   * began. Undefined without data, and when the stable arm has no error to divide by.
   */
  estimate: number | undefined
  /** The smallest margin proven: 0.25 means that the canary is at most 25 % worse. */
  provenMargin?: number
  /** How sure `provenMargin` is, 0–1. */
  provenConfidence?: number
  /** How far the evidence against the canary has come to what a failure needs, 0–1. */
  evidence: number
  /** Natural logarithm of the evidence (wealth) against the canary; negative when the data speak for it. */
  evidenceLog: number
  /** The data the verdict rests on. A relative guard counts only ticks in which both arms served. */
  counts: { stable: ArmSummary; canary: ArmSummary }
  /** When data last reached this guard, epoch ms. Old means that the guard is blind: hold, whatever `outcome` says. */
  dataAt?: number
  /** When the failure was decided, epoch ms. */
  decidedAt?: number
  /** Until a failure is decided, if the evidence keeps growing as in the last 10 to 20 s. Absent when it does not grow. */
  secondsToDecision?: number
}
