/**
 * The health numbers of the deployment policy (P17, P18, P19), every one of them changeable.
 *
 * Ratios of the baseline are of the concurrent stable arm: 1.1 is + 10 %.
 */
export interface HealthPolicy {
  /** P17: what passes verification. */
  readonly verification: {
    /** Error rate below so many times the baseline. */
    readonly errorRatio: number
    /** Response time below so many times the baseline. */
    readonly latencyRatio: number
    /** How long a CPU or memory above the warning must last until it is no longer normal, in ms. */
    readonly resourceHoldMs: number
  }
  /** P18: what rolls back at once. */
  readonly rollback: { readonly errorRatio: number; readonly latencyRatio: number }
  /** P19: what wakes somebody. */
  readonly critical: { readonly errorRate: number; readonly p95Ms: number }
  /** P19: what is told. */
  readonly warning: {
    readonly errorRate: number
    readonly p95Ms: number
    /** Share in use, 0–1. */
    readonly cpu: number
    /** Share in use, 0–1. */
    readonly memory: number
    /** Share that is free, 0–1: below it. */
    readonly freeDisk: number
    /** How far below the limit a share must come for the warning to end, 0–1. */
    readonly hysteresis: number
  }
}

/** The deployment policy as it is written. */
export const defaultHealthPolicy: HealthPolicy = Object.freeze({
  // 120 s is the guards' own: the policy says "normal" without a time.
  verification: Object.freeze({ errorRatio: 1.1, latencyRatio: 1.2, resourceHoldMs: 120_000 }),
  rollback: Object.freeze({ errorRatio: 1.5, latencyRatio: 2 }),
  critical: Object.freeze({ errorRate: 0.1, p95Ms: 5_000 }),
  warning: Object.freeze({
    errorRate: 0.05,
    p95Ms: 2_000,
    cpu: 0.8,
    memory: 0.8,
    freeDisk: 0.2,
    // On at 80 %, off at 70 %.
    hysteresis: 0.1,
  }),
})
