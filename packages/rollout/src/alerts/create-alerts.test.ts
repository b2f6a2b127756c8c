import { SluiceError } from '@sluice/core'
import type { Verdict } from '@sluice/guards'
import type { Alert, AlertSink } from '@sluice/guards/webhook'
import { createReplica, type Replica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { canary, createAlerts, createRolloutController, type RolloutController } from '../index.ts'
import { createManualClock, createVerdict, type ManualClock, scriptedJudge } from '../testing.ts'
import type { AlertsOptions } from './create-alerts.ts'

const order = { actor: 'ada', reason: 'new checkout' }
const warn = createVerdict('fail', {
  guard: 'max_error_rate',
  consequence: 'warn',
  because: '6 % errors',
  estimate: 0.06,
})
const healthy = createVerdict('pass', { guard: 'max_error_rate' })
const plan = canary({ stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }] })

let clock: ManualClock
let store: ReturnType<typeof createMemoryStore>
/** What comes before a write, and before a read: a delay, or an error. */
let fault: (() => Promise<unknown>) | undefined
let readFault: (() => Promise<unknown>) | undefined
let verdicts: readonly Verdict[] | undefined
let ends: (() => Promise<void>)[]

beforeEach(() => {
  clock = createManualClock()
  store = createMemoryStore({ clock })
  fault = undefined
  readFault = undefined
  verdicts = [healthy]
  ends = []
})
afterEach(async () => {
  fault = undefined
  readFault = undefined
  for (const end of ends.splice(0)) await end()
  await clock.advance(0)
  expect(clock.pendingTimers).toBe(0)
})

function faulty(): Store {
  return {
    ...store,
    async read(after, limit) {
      await readFault?.()
      return store.read(after, limit)
    },
    async append(commit) {
      await fault?.()
      return store.append(commit)
    },
    close: async () => {},
  }
}

const hanging = () => new Promise<never>(() => {})
const broken = () => Promise.reject(new SluiceError('store_unreachable', 'The disk is gone.'))

interface Process {
  readonly replica: Replica
  readonly controller: RolloutController
  readonly told: string[]
  readonly alerts: Alert[]
  readonly errors: string[]
  stop(): Promise<void>
  stopAlerts(): Promise<void>
}

async function join(
  options: Partial<AlertsOptions> & { readonly isSilent?: boolean } = {},
): Promise<Process> {
  const replica = createReplica({ store: faulty(), clock })
  await replica.start()
  await replica.ready()
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan, clock },
    judge: scriptedJudge(() => {
      if (verdicts === undefined) throw new Error('Prometheus is down')
      return { verdicts, canaryRequests: 1 }
    }),
  })
  const alerts = createAlerts({
    ...{ controller, log: replica, environment: 'production', flag: 'checkout', clock },
    random: () => 0.5,
    ...options,
  })
  const process = { told: [] as string[], alerts: [] as Alert[], errors: [] as string[] }
  alerts.on('alert', (alert) => {
    const { severity, condition, status, repeats, isUnrecorded } = alert
    const notes = `${repeats === undefined ? '' : ` again (${repeats})`}${isUnrecorded ? ' unrecorded' : ''}`
    process.told.push(`${severity} ${condition} ${status}${notes}`)
    process.alerts.push(alert)
  })
  alerts.on('error', ({ code }) => process.errors.push(code))
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= end(async () => {
      await Promise.all([controller.stop(), alerts.stop()])
      await replica.close()
    })
    return stopping
  }
  ends.push(stop)
  if (!options.isSilent) alerts.start()
  return { ...process, replica, controller, stop, stopAlerts: alerts.stop }
}

/** What ends may wait for the clock. */
async function end(closing: () => Promise<void>): Promise<void> {
  let isOver = false
  const closed = closing().finally(() => {
    isOver = true
  })
  for (await clock.advance(0); !isOver; await clock.advance(1_000));
  await closed
}

async function begin(options: Parameters<typeof join>[0] = {}): Promise<Process> {
  const process = await join(options)
  await process.controller.start(order)
  process.controller.run()
  await clock.advance(3_000)
  return process
}

function collect(name = 'pager'): AlertSink & { readonly sent: string[] } {
  const sent: string[] = []
  return {
    name,
    sent,
    async send({ condition, status }, { idempotencyKey }) {
      sent.push(`${condition} ${status} ${/^[0-9a-f]{64}$/.test(idempotencyKey)}`)
    },
  }
}

describe('alerts', () => {
  it('tell of what a guard finds, and of its end, to every sink and listener', async () => {
    const sinks = [collect(), collect()]
    const { told, alerts, errors } = await begin({ sinks })
    expect(told).toEqual([])
    verdicts = [warn]
    await clock.advance(3_000)
    expect(alerts).toMatchObject([
      {
        condition: 'guard/max_error_rate',
        severity: 'warning',
        because: '6 % errors',
        value: 0.06,
        next: 'The rollout is not stopped by this: a person decides.',
      },
    ])
    verdicts = [healthy]
    await clock.advance(70_000)
    expect(told).toEqual([
      'warning guard/max_error_rate firing',
      'warning guard/max_error_rate resolved',
    ])
    for (const { sent } of sinks) {
      expect(sent).toEqual([
        'guard/max_error_rate firing true',
        'guard/max_error_rate resolved true',
      ])
    }
    expect(errors).toEqual([])
  })

  it('are written in the log before they are told', async () => {
    const { replica, alerts } = await begin()
    verdicts = [warn]
    await clock.advance(2_000)
    const [commit] = await replica.history('alert/production/checkout')
    expect(commit).toMatchObject({
      actor: 'alerts',
      action: 'tell_alert',
      environment: 'production',
    })
    expect(commit?.reason).toBe('warning guard/max_error_rate firing: 6 % errors')
    expect(alerts).toHaveLength(1)
  })

  it('follow the severity of the guard, and of the application before it', async () => {
    const critical = { ...warn, guard: 'own', alert: 'critical' as const }
    const { told } = await begin({ severities: { max_error_rate: 'critical' } })
    verdicts = [critical, warn, { ...warn, guard: 'toString' }]
    await clock.advance(2_000)
    expect(told.toSorted()).toEqual([
      'critical guard/max_error_rate firing',
      'critical guard/own firing',
      'warning guard/toString firing',
    ])
  })

  it('are told of whatever a judge says', async () => {
    const { told, alerts, errors, replica } = await begin()
    const odd = ['x\ud800'.repeat(100_000), undefined as unknown as string]
    verdicts = odd.map((because, at) => ({ ...warn, guard: `odd${at}`, because }))
    await clock.advance(3_000)
    expect(told).toEqual(['warning guard/odd0 firing', 'warning guard/odd1 firing'])
    expect(alerts[1]?.because).toBe('undefined')
    const [commit] = await replica.history('alert/production/checkout')
    expect(commit?.reason).toMatch(/^warning guard\/odd0 firing: x\ufffdx/)
    expect(errors).toEqual([])
  })

  it('say nothing of what is undecided, unless a critical check stays without an answer', async () => {
    const unknown = (guard: string, alert: 'critical' | 'warning') =>
      createVerdict('inconclusive', { guard, alert, kind: 'check' as Verdict['kind'] })
    const { told } = await begin()
    const undecided = createVerdict('inconclusive', { guard: 'own', alert: 'critical' })
    verdicts = [
      unknown('database', 'critical'),
      unknown('newsletter', 'warning'),
      undecided,
      healthy,
    ]
    await clock.advance(59_000)
    expect(told).toEqual([])
    await clock.advance(5_000)
    expect(told).toEqual(['critical guard/database firing'])
  })

  it('tell that nothing can be seen, and of a guard that failed before not that it is over', async () => {
    const { told, alerts } = await begin()
    verdicts = [warn]
    await clock.advance(2_000)
    verdicts = undefined
    await clock.advance(120_000)
    expect(told).toEqual(['warning guard/max_error_rate firing', 'critical blind firing'])
    expect(alerts[1]?.because).toMatch(/^nothing could be observed for \d+ s: Prometheus is down$/)
    verdicts = [healthy]
    await clock.advance(70_000)
    expect(told.slice(2).toSorted()).toEqual([
      'critical blind resolved',
      'warning guard/max_error_rate resolved',
    ])
  })

  it('tell that the rollout went back, once, whoever asks later', async () => {
    const { told, stop } = await begin()
    verdicts = [createVerdict('fail', { guard: 'error_rate', because: '12 % errors' })]
    await clock.advance(300_000)
    expect(told).toEqual([
      'critical guard/error_rate firing',
      'critical rollback_overrun firing',
      'warning rolled_back firing',
      'critical guard/error_rate resolved',
    ])
    await stop()
    const later = await join()
    await clock.advance(1_200_000)
    expect(later.told).toEqual([])
  })

  it('are told of a rollout that ended long ago to nobody', async () => {
    const { controller } = await begin({ isSilent: true })
    await controller.rollBack(order)
    verdicts = []
    await clock.advance(900_000)
    expect(controller.state?.phase).toBe('rolled_back')
    const later = await join()
    await clock.advance(60_000)
    expect(later.told).toEqual([])
  })
})

describe('alerts of several processes', () => {
  it('are told once, by one of them', async () => {
    const one = await begin()
    const other = await join()
    other.controller.run()
    // Each decides before it sees what the other wrote.
    await clock.advance(2_000)
    fault = () => new Promise<void>((resolve) => void clock.after(2_500, resolve))
    verdicts = [warn]
    await clock.advance(590_000)
    expect([...one.told, ...other.told]).toEqual(['warning guard/max_error_rate firing'])
    verdicts = [healthy]
    await clock.advance(70_000)
    const all = [...one.told, ...other.told]
    expect(all.filter((each) => each.endsWith('resolved'))).toHaveLength(1)
  })

  it('are told once in ten minutes by a process that begins again', async () => {
    const { stop } = await begin()
    verdicts = [warn]
    await clock.advance(60_000)
    await stop()
    const next = await join()
    next.controller.run()
    await clock.advance(500_000)
    expect(next.told).toEqual([])
    await clock.advance(100_000)
    expect(next.told).toEqual(['warning guard/max_error_rate firing again (1)'])
  })

  it('are over when another process sees it', async () => {
    const { stop } = await begin()
    verdicts = [warn]
    await clock.advance(5_000)
    await stop()
    verdicts = [healthy]
    const next = await join()
    next.controller.run()
    await clock.advance(70_000)
    expect(next.told).toEqual(['warning guard/max_error_rate resolved'])
  })
})

describe('alerts while the log cannot be written', () => {
  it('wait for it, for ten seconds', async () => {
    const { told, errors } = await begin()
    fault = broken
    verdicts = [warn]
    await clock.advance(9_000)
    expect(told).toEqual([])
    fault = undefined
    await clock.advance(3_000)
    expect(told).toEqual(['warning guard/max_error_rate firing'])
    expect(errors).toEqual([])
  })

  it.each([
    ['refuses', broken],
    ['hangs', hanging],
  ])('are told from memory where it %s for longer, and say so', async (_, how) => {
    const { told, errors } = await begin()
    fault = how
    verdicts = [warn]
    await clock.advance(13_000)
    expect(told).toEqual(['warning guard/max_error_rate firing unrecorded'])
    expect(errors).toEqual(['alert_unrecorded'])
    await clock.advance(580_000)
    expect(told).toHaveLength(1)
    await clock.advance(60_000)
    expect(told[1]).toBe('warning guard/max_error_rate firing again (1) unrecorded')
  })

  it('are written when it can be again, for whoever comes next', async () => {
    const { told, stop } = await begin()
    fault = broken
    verdicts = [warn]
    await clock.advance(15_000)
    expect(told).toHaveLength(1)
    fault = undefined
    await clock.advance(60_000)
    await stop()
    const next = await join()
    next.controller.run()
    await clock.advance(400_000)
    expect(next.told).toEqual([])
  })

  it('are told once where a write was made, and its outcome not seen', async () => {
    const { told } = await begin()
    const { append } = store
    // It lands; its answer does not, and nothing can be read for a while.
    store.append = async (commit) => {
      store.append = append
      readFault = broken
      await append(commit)
      throw new Error('The line went dead.')
    }
    verdicts = [warn]
    await clock.advance(4_000)
    expect(told).toEqual([])
    readFault = undefined
    await clock.advance(60_000)
    expect(told).toEqual(['warning guard/max_error_rate firing'])
  })

  it.each([
    ['refuses', broken],
    ['hangs', hanging],
  ])('are told before the process ends, where it %s', async (_, how) => {
    const sink = collect()
    const { told, stopAlerts } = await begin({ sinks: [sink] })
    fault = how
    verdicts = [warn]
    await clock.advance(2_000)
    const before = clock.now()
    await end(stopAlerts)
    expect(clock.now() - before).toBeLessThanOrEqual(2_000)
    expect(told).toEqual(['warning guard/max_error_rate firing unrecorded'])
    expect(sink.sent).toEqual(['guard/max_error_rate firing true'])
  })

  it('tell of a rollback that cannot be written', async () => {
    const { told, alerts } = await begin()
    fault = broken
    verdicts = [createVerdict('fail', { guard: 'error_rate', because: '12 % errors' })]
    await clock.advance(60_000)
    expect(told).toContain('critical rollback_pending firing unrecorded')
    const pending = alerts.find(({ condition }) => condition === 'rollback_pending')
    expect(pending?.because).toMatch(/^a rollback was decided and cannot be written: /)
  })
})

it('refuses to repeat more often than every ten minutes', () => {
  const make = () => createAlerts({ repeatMs: 60_000 } as AlertsOptions)
  expect(make).toThrow('repeatMs must be ten minutes or more, not 60000.')
})
