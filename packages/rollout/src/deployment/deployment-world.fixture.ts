import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import type { ApprovalCheck } from '../approvals/subject.ts'
import { createChecklists } from '../checklist/create-checklists.ts'
import { createDeployment } from './create-deployment.ts'
import type { Deployment, DeploymentHooks, DeploymentOptions } from './deployment-contract.ts'

export const order = { actor: 'ann@example.com', reason: 'release 1.2.3' }
export const ops = { actor: 'olga@example.com', reason: 'customers complain' }
export const minuteMs = 60_000

export const rollbackPlan = {
  url: 'https://wiki.example.com/rollback',
  ...{ testedIn: 'staging', testedAt: Date.UTC(2025, 11, 30), testedBy: 'ben@example.com' },
}

const link = 'https://ci.example.com/runs/7'
const at = Date.UTC(2025, 11, 31)
export const attestations = Object.fromEntries(
  ['tests', 'code_review', 'security_scan', 'benchmarks', 'migration_tested'].map((name) => [
    name,
    { by: 'ci', at, link },
  ]),
)

/** One log, one clock, an outside world that remembers, and processes that deploy. */
export function createDeploymentWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()
  const calls: string[] = []
  const lines: [string, object, string][] = []
  const open: (() => Promise<void>)[] = []
  /** What fails: `deploy`, `undo deploy`, `smoke starts`, … */
  const broken = new Set<string>()
  let isHealthy = true
  let check: ApprovalCheck = { status: 'missing', because: 'nobody asked' }

  const touch = async (name: string) => {
    calls.push(name)
    if (broken.has(name)) throw new Error(`${name} is broken`)
  }

  const hooks: DeploymentHooks = {
    migration: { up: () => touch('up'), down: () => touch('down') },
    backup: {
      async create() {
        await touch('backup')
        return { file: 'a.sql' }
      },
      restore: ({ backup }) => touch(`restore ${JSON.stringify(backup)}`),
    },
    deploy: { run: () => touch('deploy'), undo: () => touch('undo deploy') },
    smokeTests: Object.fromEntries(
      ['starts', 'health_endpoint', 'database', 'critical_flows', 'no_error_spike'].map((name) => [
        name,
        () => touch(`smoke ${name}`),
      ]),
    ),
    switch: { run: () => touch('switch'), undo: () => touch('undo switch') },
    monitor: () => isHealthy || { isHealthy: false, because: '12 % errors' },
    verifyRollback: () => touch('verify'),
  }

  const say = (level: string) => (object: object, message: string) =>
    void lines.push([level, object, message])
  const logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }

  async function join(options: Partial<DeploymentOptions> = {}) {
    const replica = createReplica({ store, clock, pollMs: 600_000 })
    await replica.start()
    await replica.ready()
    const deployment = createDeployment({
      ...{ replica, clock, hooks, rollbackPlan, attestations, logger },
      ...{ version: 'v1.2.3', type: 'minor', environment: 'production', ticket: 'SHOP-12' },
      changes: ['Added user profile feature', 'Fixed password reset bug'],
      ...{ runbook: 'https://wiki.example.com/runbook', commitAt: Date.UTC(2025, 11, 31) },
      approvals: { check: () => check },
      processId: `process-${open.length + 1}`,
      ...options,
    })
    const errors: unknown[] = []
    deployment.on('error', (error) => errors.push(error))
    open.push(async () => {
      await Promise.all([deployment.stop(), clock.advance(10_000)])
      await replica.close()
    })
    return { replica, deployment, errors, checklists: createChecklists({ replica, clock }) }
  }

  /** Starts it and lets a quarter of an hour pass. */
  async function deploy(options: Partial<DeploymentOptions> = {}) {
    const joined = await join(options)
    joined.deployment.run()
    await joined.deployment.start(order)
    await clock.advance(15 * minuteMs)
    return joined
  }

  return {
    ...{ clock, store, calls, lines, broken, hooks, join, deploy },
    approve() {
      check = {
        ...{ status: 'approved', id: 'a1' },
        change: { changes: [{ key: 'approval/a1', value: 'used' }], dependsOn: ['approval/a1'] },
      }
    },
    answer(next: ApprovalCheck) {
      check = next
    },
    fallIll() {
      isHealthy = false
    },
    async close() {
      for (const end of open.splice(0)) await end()
    },
  }
}

/** What became of each step, in short. */
export function stepsOf({ state }: Deployment): string[] {
  return state?.steps.map(({ name, phase }) => `${name} ${phase}`) ?? []
}
