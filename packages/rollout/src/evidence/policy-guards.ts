import {
  check,
  declaration,
  errorRate,
  type Guard,
  gauge,
  latency,
  maxErrorRate,
  maxLatency,
  type RunCheck,
} from '@sluice/guards'
import { defaultHealthPolicy, type HealthPolicy } from '../policy/health-policy.ts'

/** What only the application knows. */
export interface PolicyGuardsOptions {
  /** Default {@link defaultHealthPolicy}. */
  readonly policy?: HealthPolicy
  /** The service's health endpoint: it is down where this does not answer 200 (P19, P21). */
  readonly healthUrl?: string
  /** Whether the database can be reached (P17, P19, P21). */
  readonly isDatabaseConnected?: RunCheck
  /** The folder whose disk is watched. Default: no disk is. */
  readonly diskPath?: string
  /** Smoke tests by name (P21). */
  readonly smokeTests?: Readonly<Record<string, RunCheck>>
}

/**
 * The guards of the deployment policy:
 *
 * | guard | number | asks for |
 * |---|---|---|
 * | `error_rate` | P17 + 10 %, P18 + 50 % of the baseline | hold, rollback |
 * | `latency` | P17 + 20 %, P18 + 100 % of the baseline | hold, rollback |
 * | `declaration` | P18 | rollback |
 * | `cpu`, `memory` | P17 normal, P19 over 80 % | hold, warning |
 * | `critical_error_rate`, `critical_p95` | P19 over 10 %, 5 s | hold, critical |
 * | `service`, `database`, smoke tests | P17, P19, P21 | hold, critical |
 * | `high_error_rate`, `high_p95`, `disk` | P19 over 5 %, 2 s, under 20 % | warning |
 *
 * "No 5xx" (P17) is the error rate: what the application counts as an error is its own to say, and 5xx are by default.
 * The critical limits hold rather than roll back, for they say nothing of whether the canary is to blame; a canary that is
 * worse than stable is rolled back by the first two.
 */
export function policyGuards(options: PolicyGuardsOptions = {}): Guard[] {
  const { policy = defaultHealthPolicy, healthUrl, isDatabaseConnected, diskPath } = options
  const { verification, rollback, critical, warning } = policy
  const held = { forMs: verification.resourceHoldMs, consequence: 'hold' } as const
  const pages = { alert: 'critical', consequence: 'hold' } as const
  const tells = { alert: 'warning', consequence: 'warn' } as const
  return [
    errorRate({ marginRatio: verification.errorRatio, rollbackRatio: rollback.errorRatio }),
    latency({ marginRatio: verification.latencyRatio, rollbackRatio: rollback.latencyRatio }),
    declaration(),
    gauge({ name: 'cpu', metric: 'cpu', ...between(warning.cpu), ...held }),
    gauge({ name: 'memory', metric: 'memory', ...between(warning.memory), ...held }),
    maxErrorRate({ name: 'critical_error_rate', ratio: critical.errorRate, ...pages }),
    maxLatency({ name: 'critical_p95', ms: critical.p95Ms, ...pages }),
    maxErrorRate({ name: 'high_error_rate', ratio: warning.errorRate, ...tells }),
    maxLatency({ name: 'high_p95', ms: warning.p95Ms, ...tells }),
    ...(healthUrl === undefined ? [] : [check({ name: 'service', url: healthUrl, ...pages })]),
    ...(isDatabaseConnected === undefined
      ? []
      : [check({ name: 'database', run: isDatabaseConnected, ...pages })]),
    ...(diskPath === undefined ? [] : [watchDisk(diskPath)]),
    ...Object.entries(options.smokeTests ?? {}).map(([name, run]) =>
      check({ name, run, ...pages }),
    ),
  ]

  function between(above: number): { above: number; clear: number } {
    return { above, clear: above - warning.hysteresis }
  }

  function watchDisk(path: string): Guard {
    const { freeDisk: below, hysteresis } = warning
    const limits = { below, clear: below + hysteresis, forMs: verification.resourceHoldMs }
    return gauge({ name: 'disk', metric: 'disk', path, ...limits, ...tells })
  }
}
