import { z } from 'zod'

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name in lower snake case')
const environment = z.string().min(1)
const names = z.array(name)
const percent = z.number().gt(0).lte(100)
const share = z.number().gt(0).lt(1)
const durationMs = z.number().gt(0)
const waitMs = z.number().min(0)
const count = z.int().min(1)
const days = z.int().min(1)

const health = z.strictObject({
  verification: z.strictObject({
    errorRatio: z.number().gt(1),
    latencyRatio: z.number().gt(1),
    resourceHoldMs: durationMs,
  }),
  rollback: z.strictObject({ errorRatio: z.number().gt(1), latencyRatio: z.number().gt(1) }),
  critical: z.strictObject({ errorRate: share, p95Ms: durationMs }),
  warning: z.strictObject({
    errorRate: share,
    p95Ms: durationMs,
    cpu: share,
    memory: share,
    freeDisk: share,
    hysteresis: share,
  }),
})

const approvalType = z.strictObject({
  approvers: z.union([z.literal('everyone'), z.record(name, count)], {
    error: '"everyone", or how many people of which role',
  }),
  noticeMs: waitMs,
})

const trigger = z.union(
  [
    z.strictObject({ on: z.literal('push'), branch: z.string().min(1) }),
    z.strictObject({ on: z.literal('approval') }),
  ],
  { error: '{ on: "push", branch } or { on: "approval" }' },
)

/** The shape of a policy; what its numbers must not say together is checked beside it. */
export const policySchema = z.strictObject({
  flags: z.strictObject({
    // Evaluation reads no policy: a number that changes nothing is refused rather than believed.
    enabled: z.literal(false),
    rolloutPercent: z.literal(0),
    removeAfterMs: durationMs,
    unaskedAfterMs: durationMs,
  }),
  environments: z.strictObject({
    order: z.array(environment).min(1),
    production: z.array(environment),
  }),
  canary: z.strictObject({
    percents: z.array(percent).min(1),
    minFirstPercent: percent,
    maxFirstPercent: percent,
    monitorMs: durationMs,
    lastMonitorMs: durationMs,
    onHoldLimit: z.enum(['stay', 'roll_back']),
    holdLimitMs: durationMs.exactOptional(),
  }),
  blueGreen: z.strictObject({
    monitorMs: durationMs,
    holdbackPercent: z.number().min(0).lt(100),
    warmUpMs: waitMs,
  }),
  rolling: z.strictObject({
    firstBatch: count,
    batch: count,
    maxUnavailable: count,
    healthTimeoutMs: durationMs,
    settleMs: waitMs,
  }),
  promotion: z.strictObject({
    soakMs: waitMs,
    requires: z.array(
      z.enum(['healthy_soak', 'smoke_tests', 'approval', 'rollback_plan', 'runbook']),
    ),
  }),
  approvals: z.strictObject({
    requiredIn: z.array(environment),
    types: z.record(name, approvalType),
    expiresAfterMs: durationMs,
  }),
  health,
  smokeTests: names,
  rollback: z.strictObject({
    decisionMs: durationMs,
    executionMs: durationMs,
    verificationMs: durationMs,
    totalMs: durationMs,
    testedIn: environment,
    afterwards: names,
  }),
  deployment: z.strictObject({
    checks: names,
    rehearseMigrationsIn: z.array(environment),
    backUpIn: z.array(environment),
    checklists: z.strictObject({ before: names, during: names, after: names }),
    triggers: z.record(environment, trigger),
  }),
  hotfix: z.strictObject({
    fixMs: durationMs,
    testingMs: durationMs,
    approvalMs: durationMs,
    deploymentMs: durationMs,
    totalMs: durationMs,
    postMortemMs: durationMs,
  }),
  retentionDays: z.strictObject({ standard: days, production: days, compliance: days }),
  dora: z.strictObject({
    deploymentsPerDay: z.number().gt(0),
    leadTimeMs: durationMs,
    changeFailureRatio: share,
    recoveryMs: durationMs,
    rollbackRatio: share,
  }),
  recovery: z.strictObject({ objectiveMs: durationMs, pointMs: durationMs }),
})
