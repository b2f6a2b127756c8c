import type { Alert } from '@sluice/guards/webhook'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AlertRecord } from './alert-record.ts'
import {
  type AlertState,
  emptyMemory,
  type FoundCondition,
  nextAlerts,
  type Seen,
} from './next-alerts.ts'

const minuteMs = 60_000
const start = Date.UTC(2026, 0, 1)

function finding(fields: Partial<FoundCondition> = {}): FoundCondition {
  return {
    condition: 'guard/error_rate',
    severity: 'critical',
    because: '12 % errors',
    next: 'It goes back.',
    ...fields,
  }
}

const guard = finding()

/** A process that looks, its clock, and what stands in the log. */
function createProcess(log: { record: AlertRecord | undefined } = { record: undefined }) {
  let memory = emptyMemory
  const process = {
    /** What its clock shows beside the time that really passed. */
    skewMs: 0,
    elapsedMs: 0,
    log,
    restart() {
      memory = emptyMemory
    },
    look(passedMs: number, found: readonly FoundCondition[], seen: Partial<Seen> = {}): Alert[] {
      process.elapsedMs += passedMs
      const state: AlertState = { record: log.record, memory }
      const next = nextAlerts(
        state,
        {
          flag: 'checkout',
          environment: 'production',
          rollout: 'checkout@2',
          passedMs,
          found,
          undecided: [],
          hasLooked: true,
          ...seen,
        },
        start + process.elapsedMs + process.skewMs,
      )
      memory = next.state.memory
      log.record = next.state.record
      return [...next.alerts]
    },
    /** A look each second; answers what was told, and in which second. */
    watch(seconds: number, found: readonly FoundCondition[], seen: Partial<Seen> = {}): string[] {
      const told: string[] = []
      for (let second = 1; second <= seconds; second += 1) {
        for (const alert of process.look(1_000, found, seen)) told.push(`${second}: ${line(alert)}`)
      }
      return told
    },
  }
  return process
}

function line({ severity, condition, status, repeats, because }: Alert): string {
  const again = repeats === undefined ? '' : ` again (${repeats})`
  return `${severity} ${condition} ${status}${again}: ${because}`
}

describe('a condition', () => {
  it('is told when it is found, with when it began and what follows', () => {
    expect(createProcess().look(0, [finding({ value: 12 })])).toEqual([
      {
        id: 'production/checkout@2/critical:guard/error_rate/1767225600000',
        condition: 'guard/error_rate',
        severity: 'critical',
        status: 'firing',
        flag: 'checkout',
        environment: 'production',
        rollout: 'checkout@2',
        because: '12 % errors',
        next: 'It goes back.',
        at: start,
        since: start,
        value: 12,
      },
    ])
  })

  it('that lasts is told again every ten minutes', () => {
    expect(createProcess().watch(1_500, [guard])).toEqual([
      '1: critical guard/error_rate firing: 12 % errors',
      '601: critical guard/error_rate firing again (1): 12 % errors',
      '1201: critical guard/error_rate firing again (2): 12 % errors',
    ])
  })

  it('is not over because one look found it clear, and another process looks since', () => {
    const log = { record: undefined }
    const [one, other] = [createProcess(log), createProcess(log)]
    one.look(0, [guard])
    one.look(1_000, [])
    other.look(1_000, [guard])
    for (let second = 0; second < 300; second++) {
      expect(one.look(1_000, [], { hasLooked: false })).toEqual([])
      expect(other.look(1_000, [guard])).toEqual([])
    }
    expect(one.watch(90, [])).toEqual(['61: critical guard/error_rate resolved: clear for 60 s'])
  })

  it('that must last is not told for a look of long ago', () => {
    const process = createProcess()
    const lasting = finding({ forMs: minuteMs })
    process.look(0, [lasting])
    process.watch(600, [], { hasLooked: false })
    expect(process.watch(90, [lasting])).toEqual([
      '61: critical guard/error_rate firing: 12 % errors',
    ])
  })

  it('is over when it was clear for a minute, which is told once', () => {
    const process = createProcess()
    process.look(0, [guard])
    const [over] = process.watch(600, [])
    expect(over).toBe('61: critical guard/error_rate resolved: clear for 60 s')
    expect(process.watch(6_000, [])).toEqual([])
  })

  it('that comes and goes is told once in ten minutes, and of each time that was told that it is over', () => {
    const process = createProcess()
    const told: string[] = []
    for (let round = 0; round < 10; round += 1) {
      told.push(...process.watch(60, [guard]), ...process.watch(90, []))
    }
    expect(told.map((each) => each.replace(/^\d+: /, ''))).toEqual([
      'critical guard/error_rate firing: 12 % errors',
      'critical guard/error_rate resolved: clear for 60 s',
      'critical guard/error_rate firing again (1): 12 % errors',
      'critical guard/error_rate resolved: clear for 60 s',
      'critical guard/error_rate firing again (2): 12 % errors',
      'critical guard/error_rate resolved: clear for 60 s',
    ])
  })

  it('that was clear for less than a minute went on all the time', () => {
    const process = createProcess()
    process.look(0, [guard])
    expect(process.watch(59, [])).toEqual([])
    expect(process.watch(1, [guard])).toEqual([])
    expect(process.watch(59, [])).toEqual([])
  })

  it('that becomes critical is told at once, and not over as a warning while it is', () => {
    const process = createProcess()
    const warning = finding({ severity: 'warning' })
    expect(process.watch(5, [warning])).toEqual(['1: warning guard/error_rate firing: 12 % errors'])
    expect(process.watch(300, [guard])).toEqual([
      '1: critical guard/error_rate firing: 12 % errors',
    ])
    expect(process.watch(5, [warning])).toEqual([])
    expect(process.watch(61, [])).toEqual([
      '56: critical guard/error_rate resolved: clear for 60 s',
      '61: warning guard/error_rate resolved: clear for 60 s',
    ])
  })

  it('of which nothing is known is neither told nor over', () => {
    const process = createProcess()
    process.look(0, [guard])
    expect(process.watch(900, [], { undecided: ['guard/error_rate'] })).toEqual([])
    expect(process.watch(900, [], { hasLooked: false })).toEqual([])
    expect(process.watch(30, [])).toEqual([])
    const blind = finding({ condition: 'blind' })
    expect(process.watch(300, [blind], { hasLooked: false, isBlind: true })).toHaveLength(1)
    expect(process.watch(60, [])).toEqual([])
    expect(process.watch(1, [])).toHaveLength(2)
  })

  it('that must last is told when it has, at every look', () => {
    const process = createProcess()
    const unknown = finding({ forMs: minuteMs })
    expect(process.watch(60, [unknown])).toEqual([])
    expect(process.watch(1, [])).toEqual([])
    expect(process.watch(61, [unknown])).toEqual([
      '61: critical guard/error_rate firing: 12 % errors',
    ])
  })

  it('that happened once is told once in a rollout, and never over', () => {
    const process = createProcess()
    const moment = finding({ condition: 'rolled_back', isMoment: true })
    expect(process.watch(1_500, [moment])).toHaveLength(1)
    process.restart()
    expect(process.watch(1_500, [moment])).toEqual([])
    expect(process.watch(100, [], { over: 'the rollout is over' })).toEqual([])
    expect(process.watch(1, [], { rollout: 'checkout@9' })).toEqual([])
  })

  it('is over with its rollout, be it that another began', () => {
    const process = createProcess()
    process.look(0, [guard])
    const over = 'the rollout is over: rolled_back'
    expect(process.watch(61, [], { over, hasLooked: false })).toEqual([
      `61: critical guard/error_rate resolved: ${over}`,
    ])
    const other = createProcess()
    other.look(0, [guard])
    const [resolved, ...more] = other.look(1_000, [guard], { rollout: 'checkout@9' })
    expect(resolved).toMatchObject({ status: 'resolved', rollout: 'checkout@2' })
    expect(more).toMatchObject([{ status: 'firing', rollout: 'checkout@9' }])
  })

  it('is not forgotten by a process that begins', () => {
    const process = createProcess()
    process.watch(300, [guard])
    process.restart()
    process.elapsedMs += 100_000
    // The page may have been told up to ten seconds after it was stamped.
    expect(process.watch(400, [guard])).toEqual([
      '211: critical guard/error_rate firing again (1): 12 % errors',
    ])
  })

  it('is told again ten minutes after a clock was set back, not an hour', () => {
    const process = createProcess()
    process.look(0, [guard])
    process.skewMs = -60 * minuteMs
    expect(process.watch(700, [guard])).toHaveLength(1)
    process.restart()
    process.skewMs = -120 * minuteMs
    expect(process.watch(700, [guard])).toHaveLength(1)
  })
})

describe('the laws of alerts', () => {
  const conditions = [
    finding(),
    finding({ severity: 'warning' }),
    finding({ condition: 'blind' }),
    finding({ condition: 'guard/check', forMs: minuteMs }),
  ]
  const seen = fc.record({
    hasLooked: fc.boolean(),
    isBlind: fc.boolean(),
    undecided: fc.subarray(['guard/error_rate', 'guard/check']),
    rollout: fc.constantFrom('checkout@2', 'checkout@2', 'checkout@2', 'checkout@9'),
  })
  const skewMs = fc.oneof(
    fc.constant(0),
    fc.constantFrom(-60 * minuteMs, 60 * minuteMs),
    fc.integer({ min: -1e9, max: 1e9 }),
  )
  const step = fc.record({
    who: fc.nat({ max: 1 }),
    passedMs: fc.constantFrom(1_000, 1_000, 5_000, minuteMs, 4 * minuteMs, 11 * minuteMs),
    found: fc.subarray(conditions),
    skewMs,
    seen,
  })
  const steps = fc.array(step, { maxLength: 80 })

  /** Two processes that share a log, and what each told when, by the time that really passed. */
  function run(
    all: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
    { moves }: { moves: (process: ReturnType<typeof createProcess>, skewMs: number) => void },
  ): { atMs: number; alert: Alert }[] {
    const log: { record: AlertRecord | undefined } = { record: undefined }
    const processes = [createProcess(log), createProcess(log)] as const
    for (const process of processes) process.look(0, [])
    const told: { atMs: number; alert: Alert }[] = []
    let atMs = 0
    let highest = 'checkout@2'
    for (const { who, passedMs, found, skewMs, seen } of all) {
      atMs += passedMs
      const process = processes[who as 0 | 1]
      moves(process, skewMs)
      // A rollout that is over does not come again.
      if (seen.rollout === 'checkout@9') highest = seen.rollout
      const sinceMs = atMs - process.elapsedMs
      for (const alert of process.look(sinceMs, found, { ...seen, rollout: highest })) {
        told.push({ atMs, alert })
      }
    }
    return told
  }

  function check(told: readonly { atMs: number; alert: Alert }[]): void {
    const pagedAt = new Map<string, number>()
    const open = new Set<string>()
    for (const { atMs, alert } of told) {
      const key = `${alert.rollout} ${alert.severity} ${alert.condition}`
      if (alert.status === 'resolved') {
        expect(open.delete(key), `${key} is over without having been told`).toBe(true)
        continue
      }
      const gapMs = atMs - (pagedAt.get(key) ?? Number.NEGATIVE_INFINITY)
      expect(gapMs, `${key} was told twice`).toBeGreaterThanOrEqual(10 * minuteMs)
      pagedAt.set(key, atMs)
      open.add(key)
    }
  }

  it('hold for two processes, however their clocks are set forward and back', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const moves = (process: ReturnType<typeof createProcess>, skewMs: number) => {
          process.skewMs = skewMs
        }
        check(run(all, { moves }))
      }),
      { numRuns: 500 },
    )
  })

  it('hold for processes that begin again at every other look, with clocks that are set back', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let skewMs = 0
        const moves = (process: ReturnType<typeof createProcess>, byMs: number) => {
          skewMs -= Math.abs(byMs)
          process.skewMs = skewMs
          if (byMs % 2 === 0) process.restart()
        }
        check(run(all, { moves }))
      }),
      { numRuns: 500 },
    )
  })
})
