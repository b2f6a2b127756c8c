import { defaultRetentionDays } from '@sluice/stores'
import { freeze } from './freeze.ts'
import { defaultHealthPolicy } from './health-policy.ts'
import type { Policy } from './policy.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/**
 * The deployment policy as it is written: every number of it, in one place. Numbers that the document leaves open say
 * where they come from. `policyReferences` names the requirement (P…) that each serves.
 *
 * Plain, frozen data; change any of it with `definePolicy`.
 */
export const defaultPolicy: Policy = freeze({
  flags: {
    enabled: false,
    rolloutPercent: 0,
    // "Remove flag after stable" names no time: a sprint of two weeks.
    removeAfterMs: 14 * dayMs,
    // Nobody asked in a month: it can hardly be in use.
    unaskedAfterMs: 30 * dayMs,
  },
  environments: {
    order: ['development', 'staging', 'production'],
    production: ['production'],
  },
  canary: {
    percents: [5, 25, 50, 100],
    minFirstPercent: 1,
    maxFirstPercent: 5,
    monitorMs: hourMs,
    lastMonitorMs: 10 * minuteMs,
    onHoldLimit: 'stay',
  },
  blueGreen: {
    monitorMs: 10 * minuteMs,
    // As much as a canary gets: enough of blue left to compare green with.
    holdbackPercent: 5,
    // Caches and connection pools fill in the first requests.
    warmUpMs: 30 * secondMs,
  },
  rolling: {
    firstBatch: 1,
    batch: 1,
    maxUnavailable: 1,
    // A process that needs longer to become healthy is taken to be broken.
    healthTimeoutMs: 2 * minuteMs,
    // Kubernetes' minReadySeconds, at a value that sees a crash right after the start.
    settleMs: 10 * secondMs,
  },
  promotion: {
    soakMs: 24 * hourMs,
    requires: ['healthy_soak', 'smoke_tests', 'approval', 'rollback_plan', 'runbook'],
  },
  approvals: {
    requiredIn: ['production'],
    types: {
      hotfix: { approvers: { on_call: 1 }, noticeMs: 0 },
      minor: { approvers: { team_lead: 1 }, noticeMs: 4 * hourMs },
      major: { approvers: { team_lead: 1, architect: 1 }, noticeMs: 24 * hourMs },
      breaking: { approvers: 'everyone', noticeMs: 48 * hourMs },
    },
    // A week: what was agreed then was about another state of the system.
    expiresAfterMs: 7 * dayMs,
  },
  health: defaultHealthPolicy,
  smokeTests: ['starts', 'health_endpoint', 'database', 'critical_flows', 'no_error_spike'],
  rollback: {
    decisionMs: 2 * minuteMs,
    executionMs: 5 * minuteMs,
    verificationMs: 3 * minuteMs,
    totalMs: 10 * minuteMs,
    testedIn: 'staging',
    afterwards: ['announce', 'investigate', 'fix', 'test_in_staging', 'document', 'retry'],
  },
  deployment: {
    checks: [
      'tests',
      'code_review',
      'security_scan',
      'benchmarks',
      'migration_tested',
      'rollback_plan',
      'runbook',
    ],
    rehearseMigrationsIn: ['staging'],
    backUpIn: ['production'],
    checklists: {
      before: [
        'checks_passed',
        'approvals_obtained',
        'rollback_plan',
        'runbook',
        'team_notified',
        'dashboards_open',
        'on_call_available',
      ],
      during: [
        'database_backup',
        'migration',
        'application_deployed',
        'smoke_tests',
        'health_checks',
        'no_error_spikes',
      ],
      after: [
        'announced',
        'monitored',
        'features_verified',
        'documentation',
        'ticket_closed',
        'review_scheduled',
      ],
    },
    triggers: {
      development: { on: 'push', branch: 'develop' },
      staging: { on: 'push', branch: 'staging' },
      production: { on: 'approval' },
    },
  },
  hotfix: {
    fixMs: 2 * hourMs,
    testingMs: 30 * minuteMs,
    approvalMs: 15 * minuteMs,
    deploymentMs: 10 * minuteMs,
    totalMs: 3 * hourMs,
    postMortemMs: 24 * hourMs,
  },
  retentionDays: defaultRetentionDays,
  dora: {
    // "Several a day": two.
    deploymentsPerDay: 2,
    leadTimeMs: hourMs,
    changeFailureRatio: 0.15,
    recoveryMs: hourMs,
    rollbackRatio: 0.05,
  },
  recovery: { objectiveMs: hourMs, pointMs: 15 * minuteMs },
})
