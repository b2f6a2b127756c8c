import type { SluiceError } from '@sluice/core'
import type { Alert, AlertSink } from '@sluice/guards/webhook'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../testing.ts'
import { createDelivery } from './delivery.ts'

let clock: ManualClock
let errors: SluiceError[]
beforeEach(() => {
  clock = createManualClock(0)
  errors = []
})
afterEach(() => {
  expect(clock.pendingTimers).toBe(0)
})

function createAlert(id: string, status: Alert['status'] = 'firing'): Alert {
  return {
    ...{ id, status, condition: 'blind', severity: 'critical', flag: 'checkout' },
    ...{ environment: 'production', rollout: 'checkout@2', because: '', next: '', at: 0, since: 0 },
  } as Alert
}

/** A sink that does at each try what a script says; answers when it was tried, and with what. */
function open(script: (tries: number, signal: AbortSignal) => Promise<void> | void) {
  const tries: string[] = []
  const keys = new Set<string>()
  const sink: AlertSink = {
    name: 'pager',
    async send({ id }, { signal, idempotencyKey }) {
      tries.push(`${id} at ${clock.now() / 1_000}`)
      keys.add(idempotencyKey)
      await script(tries.length, signal)
    },
  }
  const onError = (error: SluiceError) => errors.push(error)
  return { tries, keys, ...createDelivery(sink, { clock, random: () => 0.5, onError }) }
}

const down = new Error('it is down')

describe('a sink', () => {
  it('that fails is tried five times in about two minutes, and told of twice', async () => {
    const { push, tries, keys } = open(() => Promise.reject(down))
    push(createAlert('a'))
    await clock.advance(600_000)
    expect(tries).toEqual(['a at 0', 'a at 2', 'a at 8', 'a at 26', 'a at 80'])
    expect(keys.size).toBe(1)
    expect(errors.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'alert_delayed: pager is told of blind on checkout later: it is down',
      'alert_undelivered: pager was not told of blind on checkout: it is down',
    ])
    expect(errors[1]?.cause).toBe(down)
  })

  it('that fails for a while gets every alert, in order', async () => {
    const { push, tries } = open((tried) => (tried < 3 ? Promise.reject(down) : undefined))
    push(createAlert('a'))
    push(createAlert('b'))
    await clock.advance(600_000)
    expect(tries).toEqual(['a at 0', 'a at 2', 'a at 8', 'b at 8'])
    expect(errors.map(({ code }) => code)).toEqual(['alert_delayed'])
  })

  it('that hangs is left behind after ten seconds, and told so', async () => {
    const signals: AbortSignal[] = []
    const { push, tries } = open((_, signal) => {
      signals.push(signal)
      return signals.length === 1 ? new Promise(() => {}) : undefined
    })
    push(createAlert('a'))
    await clock.advance(60_000)
    expect(tries).toEqual(['a at 0', 'a at 12'])
    expect(signals[0]?.aborted).toBe(true)
  })

  it('that throws at once, or nothing that is an error, has failed', async () => {
    for (const thrown of [undefined, null, 'no', Object.create(null)]) {
      const { push, tries } = open(() => {
        throw thrown
      })
      push(createAlert('a'))
      await clock.advance(600_000)
      expect(tries).toHaveLength(5)
    }
  })

  it('that refuses for good is not tried again', async () => {
    const { push, tries } = open(() =>
      Promise.reject(Object.assign(new Error('no'), { isFinal: true })),
    )
    push(createAlert('a'))
    await clock.advance(600_000)
    expect(tries).toHaveLength(1)
    expect(errors.map(({ code }) => code)).toEqual(['alert_undelivered'])
  })

  it('that asks to be left alone is, for a minute at most', async () => {
    for (const [retryAfterMs, next] of [
      [30_000, 'a at 30'],
      [86_400_000, 'a at 60'],
      [-5, 'a at 2'],
    ] as const) {
      clock = createManualClock(0)
      const busy = Object.assign(new Error('busy'), { retryAfterMs })
      const { push, tries } = open((tried) => (tried === 1 ? Promise.reject(busy) : undefined))
      push(createAlert('a'))
      await clock.advance(600_000)
      expect(tries[1]).toBe(next)
    }
  })

  it('that is down for long keeps a hundred alerts, and news that something is over least of all', async () => {
    let isDown = true
    const { push, tries } = open(() => (isDown ? Promise.reject(down) : undefined))
    push(createAlert('first'))
    await clock.advance(0)
    push(createAlert('early'))
    push(createAlert('over', 'resolved'))
    for (let count = 0; count < 99; count += 1) push(createAlert(`${count}`))
    expect(errors.map(({ code }) => code)).toEqual(['alert_delayed', 'alert_undelivered'])
    isDown = false
    await clock.advance(5_000)
    const delivered = tries.slice(1).map((tried) => tried.split(' ')[0])
    const later = Array.from({ length: 99 }, (_, at) => `${at}`)
    expect(delivered).toEqual(['first', 'early', ...later])
  })
})

describe('a sink whose process ends', () => {
  it('gets what waits for another try, once more', async () => {
    const { push, tries, close } = open((tried) => (tried < 2 ? Promise.reject(down) : undefined))
    push(createAlert('a'))
    push(createAlert('b'))
    await clock.advance(1_000)
    const closed = close()
    push(createAlert('late'))
    await closed
    expect(tries).toEqual(['a at 0', 'a at 1', 'b at 1'])
  })

  it('is waited for two seconds, and told of what it did not get', async () => {
    const { push, close } = open(() => new Promise(() => {}))
    push(createAlert('a'))
    push(createAlert('b'))
    let isClosed = false
    const closed = close().then(() => {
      isClosed = true
    })
    await clock.advance(1_999)
    expect(isClosed).toBe(false)
    await clock.advance(1)
    await closed
    expect(errors.map(({ message }) => message)).toEqual([
      'pager was not told of blind on checkout: the process ends',
      'pager was not told of blind on checkout: the process ends',
    ])
  })
})
