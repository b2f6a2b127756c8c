import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { logFlags } from './log-flags.ts'
import { openFlags } from './open-flags.ts'

const definitions = { checkout: { environments: ['production'] } } as const
const open = (store = createMemoryStore()) =>
  openFlags({ store, environment: 'production', definitions })

/** A logger that keeps its lines. */
function keep() {
  const lines: [level: string, object: Record<string, unknown>, message: string][] = []
  const at = (level: string) => (object: object, message: string) => {
    lines.push([level, object as Record<string, unknown>, message])
  }
  return {
    lines,
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  }
}

describe('logFlags', () => {
  it('tells who changed what and why, and which flags answer differently', async () => {
    const flags = open()
    const { lines, logger } = keep()
    logFlags(flags, logger)
    await flags.ready()
    await flags.enable('checkout', { actor: 'ada', reason: 'ready', ticket: 'OPS-7' })
    expect(lines).toEqual([
      ['info', { environment: 'production', status: 'live' }, 'flags are live'],
      [
        'debug',
        { environment: 'production', flags: ['checkout'], count: 1 },
        '1 flag may answer differently',
      ],
      [
        'info',
        {
          ...{ environment: 'production', revision: 1, actor: 'ada', action: 'enable' },
          ...{ reason: 'ready', ticket: 'OPS-7', keys: ['exposure/production/checkout'] },
        },
        'ada: enable',
      ],
    ])
    await flags.close()
  })

  it('does not tell the history that is read at the start', async () => {
    const store = createMemoryStore()
    const before = open(store)
    await before.enable('checkout', { actor: 'ada', reason: 'ready' })
    await before.close()
    const flags = open(store)
    const { lines, logger } = keep()
    logFlags(flags, logger)
    await flags.ready()
    expect(lines.filter(([level]) => level === 'info').map(([, , message]) => message)).toEqual([
      'flags are live',
    ])
    await flags.close()
  })

  it('shows twenty of many keys, and how many there were', async () => {
    const flags = open()
    const { lines, logger } = keep()
    await flags.ready()
    logFlags(flags, logger)
    const draft = { actor: 'ada', action: 'open', reason: 'a sale', environment: 'production' }
    for (const count of [20, 21]) {
      const keys = Array.from({ length: count }, (_, index) => `exposure/production/f${index}`)
      const changes = keys.map((key) => ({ key, value: { rollout: count } }))
      await flags.replica.commit({ ...draft, changes })
    }
    const told = lines.filter(([level]) => level === 'info').map(([, object]) => object)
    expect(told.map(({ keys, count }) => [(keys as string[]).length, count])).toEqual([
      [20, undefined],
      [20, 21],
    ])
    await flags.close()
  })

  it('tells what controllers do among themselves at debug, and errors with the error', async () => {
    const flags = open()
    const { lines, logger } = keep()
    await flags.ready()
    const stop = logFlags(flags, logger)
    const draft = { actor: 'sluice', action: 'note', reason: 'work', environment: 'production' }
    await flags.replica.commit({
      ...draft,
      changes: [{ key: 'evidence/production/checkout', value: 1 }],
    })
    await flags.replica.commit({
      ...draft,
      changes: [{ key: 'flag/checkout', value: { rollout: 101 } }],
    })
    const levels = lines.map(([level, object]) => [level, object.revision ?? object.code])
    expect(levels).toContainEqual(['debug', 1])
    expect(levels).toContainEqual(['info', 2])
    const failed = lines.find(([level]) => level === 'error')
    expect(failed?.[1]).toMatchObject({
      code: 'definition_refused',
      err: { code: 'definition_refused' },
    })
    stop()
    const { length } = lines
    await flags.enable('checkout', { actor: 'ada', reason: 'ready' })
    expect(lines).toHaveLength(length)
    await flags.close()
  })

  it('warns where answers are not live', async () => {
    const store = { ...createMemoryStore(), read: async () => Promise.reject(new Error('gone')) }
    const flags = openFlags({ store, environment: 'production', definitions })
    const { lines, logger } = keep()
    logFlags(flags, logger)
    await flags.replica.refresh().catch(() => {})
    expect(lines.map(([level, object]) => [level, object.code])).toContainEqual([
      'error',
      'store_unreachable',
    ])
    await flags.close()
  })

  it('warns that answers are the last known ones, and tells when they are live again', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    let isAway = false
    const read: typeof store.read = (...asked) =>
      isAway ? Promise.reject(new Error('gone')) : store.read(...asked)
    const away = { ...store, read }
    const flags = openFlags({ store: away, environment: 'production', definitions, clock })
    await flags.ready()
    const { lines, logger } = keep()
    logFlags(flags, logger)
    isAway = true
    await clock.advance(120_000)
    isAway = false
    await clock.advance(120_000)
    const told = lines
      .filter(([level]) => level !== 'error')
      .map(([level, , message]) => [level, message])
    expect(told).toEqual([
      ['warn', 'flags answer from their last known state'],
      ['info', 'flags are live'],
    ])
    await flags.close()
  })

  it('outlives a logger that throws', async () => {
    const flags = open()
    const fail = () => {
      throw new Error('the disk is full')
    }
    logFlags(flags, { debug: fail, info: fail, warn: fail, error: fail })
    const errors: unknown[] = []
    flags.on('error', (error) => errors.push(error))
    await flags.enable('checkout', { actor: 'ada', reason: 'ready' })
    expect(flags.evaluate('checkout', 'ada').flagRevision).toBe(1)
    expect(errors).toEqual([])
    await flags.close()
  })
})
