import type { AlertSeverity, Consequence, Guard } from './guard.ts'
import { refuseCheckpoint } from './saved-numbers.ts'

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
  /** What would change the outcome, for people. */
  next: string
  /** How urgently people are to be told of a failure, where the guard says so. */
  alert?: AlertSeverity
  /** Of a composition: what its guards say. */
  parts?: readonly Verdict[]
  /** On a pass: whether health is proven or only looks so. */
  basis?: 'estimate' | 'proven'
  /**
   * The ratio of canary to stable (of error ratios, or of p95s), or the value under an absolute limit (a ratio 0–1, or ms).
   *
   * Over the whole rollout while nothing speaks against the canary; once something does, since about when the trouble
   * began. Undefined without data, and when the stable arm has no error to divide by.
   */
  estimate: number | undefined
  /**
   * Where the estimate's true value lies, whenever one looks, with `intervalConfidence`: a normal approximation, for
   * people. Of latencies, where that of the last minute lies, at one look. Decisions rest on the evidence alone. Infinity
   * stands as 1e308.
   */
  interval?: readonly [low: number, high: number]
  /** 0–1. */
  intervalConfidence?: number
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

/** A failure that stands: when it was decided, and why. */
export interface Decided {
  at: number
  because: string
  estimate?: number
}

/**
 * Reads a saved decision.
 *
 * @throws SluiceError `invalid_checkpoint`.
 */
export function readDecision(saved: unknown): Decided | undefined {
  if (saved === undefined || saved === null) return undefined
  const { at, because, estimate } = Object(saved) as Partial<Decided>
  if (typeof at !== 'number' || typeof because !== 'string') {
    throw refuseCheckpoint('a decision has no time or no reason')
  }
  return { at, because, ...(typeof estimate === 'number' ? { estimate } : {}) }
}
