import { createGuardSet, errorRate, type Guard, latency } from '@sluice/guards'
import { describe, expect, it } from 'vitest'
import { policyGuards } from '../index.ts'

function byName(guards: readonly Guard[]): Record<string, Guard> {
  return Object.fromEntries(guards.map((guard) => [guard.name, guard]))
}

describe('policyGuards', () => {
  it('carry the policy’s numbers: verification (P17) and rollback (P18)', () => {
    const guards = byName(policyGuards())
    expect(guards.error_rate).toMatchObject({ marginRatio: 1.1, rollbackRatio: 1.5 })
    expect(guards.latency).toMatchObject({ marginRatio: 1.2, rollbackRatio: 2 })
    expect(guards.declaration).toMatchObject({
      consequence: 'rollback',
      conditions: ['critical_feature_broken', 'data_corruption', 'security_vulnerability'],
    })
    expect(guards.cpu).toMatchObject({ above: 0.8, consequence: 'hold' })
    expect(guards.memory).toMatchObject({ above: 0.8, consequence: 'hold' })
  })

  it('carry the policy’s alerts (P19) and smoke tests (P21)', () => {
    const guards = byName(
      policyGuards({
        healthUrl: 'http://127.0.0.1:1/health',
        isDatabaseConnected: () => true,
        diskPath: '/',
        smokeTests: { checkout_flow: () => true },
      }),
    )
    expect(guards.critical_error_rate).toMatchObject({ ratio: 0.1, alert: 'critical' })
    expect(guards.critical_p95).toMatchObject({ ms: 5000, quantile: 0.95, alert: 'critical' })
    expect(guards.service).toMatchObject({ kind: 'check', status: 200, alert: 'critical' })
    expect(guards.database).toMatchObject({ kind: 'check', alert: 'critical' })
    expect(guards.checkout_flow).toMatchObject({ kind: 'check', consequence: 'hold' })
    expect(guards.high_error_rate).toMatchObject({ ratio: 0.05, alert: 'warning' })
    expect(guards.high_p95).toMatchObject({ ms: 2000, consequence: 'warn' })
    expect(guards.disk).toMatchObject({ below: 0.2, consequence: 'warn' })
  })

  it('take every number from the policy they are given', () => {
    const policy = {
      verification: { errorRatio: 1.25, latencyRatio: 1.35, resourceHoldMs: 7_000 },
      rollback: { errorRatio: 1.75, latencyRatio: 2.5 },
      critical: { errorRate: 0.2, p95Ms: 6_000 },
      warning: {
        ...{ errorRate: 0.07, p95Ms: 3_000, hysteresis: 0.25 },
        ...{ cpu: 0.75, memory: 0.625, freeDisk: 0.125 },
      },
    }
    const guards = byName(policyGuards({ policy, diskPath: '/' }))
    expect(guards).toMatchObject({
      error_rate: { marginRatio: 1.25, rollbackRatio: 1.75 },
      latency: { marginRatio: 1.35, rollbackRatio: 2.5 },
      cpu: { above: 0.75, clear: 0.5, forMs: 7_000 },
      memory: { above: 0.625, clear: 0.375, forMs: 7_000 },
      disk: { below: 0.125, clear: 0.375, forMs: 7_000 },
      critical_error_rate: { ratio: 0.2 },
      critical_p95: { ms: 6_000 },
      high_error_rate: { ratio: 0.07 },
      high_p95: { ms: 3_000 },
    })
  })

  it('are, by default, what the plain guards are', () => {
    const guards = byName(policyGuards())
    for (const plain of [errorRate(), latency()]) expect(guards[plain.name]).toEqual(plain)
  })

  it('work together in one set', () => {
    expect(createGuardSet(policyGuards()).verdicts()).toHaveLength(9)
  })
})
