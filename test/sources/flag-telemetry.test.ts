import type { Span } from '@opentelemetry/api'
import { openFlags } from '@sluice/sdk'
import {
  type EventSpan,
  hashedKey,
  type ObserveFlagsOptions,
  observeFlags,
  type TelemetryAttributes,
} from '@sluice/sdk/opentelemetry'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { logsSdk, sdk } from './opentelemetry-sdk.ts'

const secondMs = 1_000
const hourMs = 3_600 * secondMs
const definitions = {
  checkout: { enabled: true, rollout: 100, environments: ['production'] },
  half: { enabled: true, rollout: 50, environments: ['production'] },
  colour: {
    enabled: true,
    rollout: 100,
    environments: ['production'],
    variants: { red: 'r', blue: 'b' },
    serve: 'red',
  },
  named: {
    enabled: true,
    rollout: 99,
    environments: ['production'],
    variants: { TARGETING_KEY_MISSING: 'a' },
    serve: 'TARGETING_KEY_MISSING',
  },
} as const

class Reader extends sdk.MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** The points of a counter, each as its key, variant and error, and the value. */
async function collect(reader: Reader, name: string, also: readonly string[] = []) {
  const { resourceMetrics } = await reader.collect()
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
  const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  const shown = ['feature_flag.key', 'feature_flag.result.variant', 'error.type', ...also]
  return points.map(({ attributes, value }) => [
    shown.flatMap((each) => attributes[each] ?? []).join(' '),
    value,
  ])
}

/** Flags of a process whose telemetry a test reads. */
function observe(options: ObserveFlagsOptions = {}) {
  const clock = createManualClock()
  const flags = openFlags({ environment: 'production', definitions, clock })
  const exporter = new logsSdk.InMemoryLogRecordExporter()
  const logs = new logsSdk.LoggerProvider({
    processors: [new logsSdk.SimpleLogRecordProcessor({ exporter })],
  })
  const reader = new Reader()
  const meters = new sdk.MeterProvider({ readers: [reader] })
  const errors: string[] = []
  flags.on('error', (error) => errors.push(error.code))
  const telemetry = observeFlags(flags, {
    logger: logs.getLogger('test'),
    meter: meters.getMeter('test'),
    clock,
    ...options,
  })
  return {
    ...{ flags, clock, telemetry, errors },
    events: () =>
      exporter
        .getFinishedLogRecords()
        .map(({ eventName, attributes }) => ({ eventName, attributes })),
    ids: () =>
      exporter
        .getFinishedLogRecords()
        .map(({ attributes }) => attributes['feature_flag.context.id']),
    counts: (name: string) => collect(reader, name),
  }
}

describe('the telemetry of flags', () => {
  it('sends one event per flag, variant and user, in the words of the conventions', async () => {
    const { flags, events, telemetry } = observe()
    for (let times = 0; times < 3; times += 1) {
      flags.isEnabled('checkout', 'ada')
      flags.string('colour', { id: 'ada' }, '')
    }
    flags.isEnabled('checkout', 'bo')
    expect(events()).toEqual(
      [
        ['checkout', 'on'],
        ['colour', 'red'],
        ['checkout', 'on'],
      ].map(([key, variant]) => ({
        eventName: 'feature_flag.evaluation',
        attributes: {
          'feature_flag.key': key,
          'feature_flag.result.variant': variant,
          'feature_flag.result.reason': 'static',
          'feature_flag.provider.name': 'sluice',
          'feature_flag.set.id': 'production',
        },
      })),
    )
    telemetry.close()
    await flags.close()
  })

  it('names the revision of a flag that was moved, and the reason it then has', async () => {
    const { flags, events } = observe({ flagSetId: 'shop' })
    await flags.ready()
    flags.isEnabled('checkout', 'ada')
    await flags.disable('checkout', { actor: 'ada', reason: 'orders are lost' })
    flags.isEnabled('checkout', 'ada')
    const [, moved] = events()
    expect(moved?.attributes).toEqual({
      'feature_flag.key': 'checkout',
      'feature_flag.result.variant': 'off',
      'feature_flag.result.reason': 'disabled',
      'feature_flag.version': '1',
      'feature_flag.provider.name': 'sluice',
      'feature_flag.set.id': 'shop',
    })
    await flags.close()
  })

  it('says the kind of an error, and counts misspelt keys as one', async () => {
    const { flags, events, counts } = observe()
    flags.isEnabled('half', {})
    for (const key of ['chekout', 'chekout', 'nothing']) flags.isEnabled(key as never, 'ada')
    expect(
      events().map(({ attributes }) => [attributes['feature_flag.key'], attributes['error.type']]),
    ).toEqual([
      ['half', 'targeting_key_missing'],
      ['chekout', 'flag_not_found'],
      ['nothing', 'flag_not_found'],
    ])
    expect(events()[0]?.attributes['feature_flag.result.reason']).toBe('error')
    expect(await counts('feature_flag.evaluations')).toEqual([
      ['half off targeting_key_missing', 1],
      ['flag_not_found', 3],
    ])
    await flags.close()
  })

  it('takes a variant for no error, whatever it is called', async () => {
    const { flags, counts } = observe()
    flags.string('named', {}, '')
    flags.string('named', 'ada', '')
    expect(await counts('feature_flag.evaluations')).toEqual([
      ['named TARGETING_KEY_MISSING', 1],
      ['named targeting_key_missing', 1],
    ])
    await flags.close()
  })

  it('counts every question and each exposure, by flag and variant', async () => {
    const { flags, counts } = observe()
    for (const user of ['ada', 'bo', 'cy', 'ada']) flags.isEnabled('checkout', user)
    flags.guarded('checkout', 'ada', { on: () => {}, off: () => {} })
    flags.forRequest('ada').string('colour', '')
    flags.all('ada')
    flags.explain('checkout', 'dee')
    expect(await counts('feature_flag.evaluations')).toEqual([
      ['checkout on', 5],
      ['colour red', 1],
    ])
    expect(await counts('feature_flag.exposures')).toEqual([
      ['checkout on', 3],
      ['colour red', 1],
    ])
    expect(await counts('feature_flag.events.dropped')).toEqual([['', 0]])
    await flags.close()
  })

  it('takes a user for a new exposure when the window is over, and not before', async () => {
    const { flags, clock, events } = observe()
    const ask = () => flags.isEnabled('checkout', 'ada')
    ask()
    await clock.advance(hourMs - secondMs)
    ask()
    expect(events()).toHaveLength(1)
    for (let seconds = 0; seconds < 3; seconds += 1) {
      await clock.advance(secondMs)
      ask()
    }
    expect(events()).toHaveLength(2)
    await flags.close()
  })

  it('begins a window anew where the clock is set back, which would hold it open for as long', async () => {
    const steady = createManualClock()
    let setBackMs = 0
    const clock = { now: () => steady.now() - setBackMs, after: steady.after }
    const { flags, events, telemetry } = observe({ windowMs: hourMs, clock })
    flags.isEnabled('checkout', 'ada')
    setBackMs = secondMs
    await steady.advance(10 * secondMs)
    flags.isEnabled('checkout', 'ada')
    expect(events()).toHaveLength(1)
    setBackMs = 24 * hourMs
    await steady.advance(10 * secondMs)
    flags.isEnabled('checkout', 'ada')
    await steady.advance(hourMs - 20 * secondMs)
    flags.isEnabled('checkout', 'ada')
    expect(events()).toHaveLength(2)
    await steady.advance(20 * secondMs)
    flags.isEnabled('checkout', 'ada')
    expect(events()).toHaveLength(3)
    telemetry.close()
    await flags.close()
  })

  it('sends no more events than it may, counts the rest, and sends them when there is room', async () => {
    const { flags, clock, events, counts } = observe({ maxEventsPerSecond: 2 })
    for (const user of ['ada', 'bo', 'cy', 'dee']) flags.isEnabled('checkout', user)
    expect(events()).toHaveLength(2)
    expect(await counts('feature_flag.events.dropped')).toEqual([['', 2]])
    expect(await counts('feature_flag.exposures')).toEqual([['checkout on', 2]])
    await clock.advance(secondMs)
    for (const user of ['ada', 'bo', 'cy', 'dee']) flags.isEnabled('checkout', user)
    expect(events()).toHaveLength(4)
    expect(await counts('feature_flag.exposures')).toEqual([['checkout on', 4]])
    await flags.close()
  })

  it('sends no targeting key unless it is asked to, and then as it is told', async () => {
    const silent = observe()
    silent.flags.isEnabled('checkout', 'ada')
    expect(JSON.stringify(silent.events())).not.toContain('ada')
    const plain = observe({ contextId: (key) => (key === 'bo' ? undefined : key) })
    for (const user of ['ada', 'bo', {}]) plain.flags.isEnabled('checkout', user)
    expect(plain.ids()).toEqual(['ada', undefined, undefined])
    const hashed = observe({ contextId: hashedKey('a secret of the team') })
    for (const user of ['ada', 'bo']) hashed.flags.isEnabled('checkout', user)
    expect(hashed.ids()).toEqual([
      'bfd0d0ecc23d3c2033cd652ca4183fe4',
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ])
    await Promise.all([silent, plain, hashed].map(({ flags }) => flags.close()))
  })

  it('tells a recording span once of each flag and variant', async () => {
    const told: [string, TelemetryAttributes][] = []
    const spanOf = (isRecording: boolean) => {
      const span: EventSpan = {
        isRecording: () => isRecording,
        addEvent: (name, attributes) => told.push([name, attributes]),
      }
      // As the API's own type, which must fit.
      return span as Span
    }
    let span: Span | undefined = spanOf(true)
    const { flags } = observe({ activeSpan: () => span })
    const ask = () => {
      flags.isEnabled('checkout', 'ada')
      flags.string('colour', 'ada', '')
      flags.isEnabled('checkout', 'bo')
    }
    ask()
    span = spanOf(false)
    ask()
    span = undefined
    ask()
    expect(told.map(([name, attributes]) => [name, attributes['feature_flag.key']])).toEqual([
      ['feature_flag.evaluation', 'checkout'],
      ['feature_flag.evaluation', 'colour'],
    ])
    span = spanOf(true)
    ask()
    expect(told).toHaveLength(4)
    await flags.close()
  })

  it('leaves answers and the client alone when a destination throws, and says so once', async () => {
    const { flags, errors, counts } = observe({
      logger: {
        emit: () => {
          throw new Error('the exporter is gone')
        },
      },
    })
    expect([flags.isEnabled('checkout', 'ada'), flags.isEnabled('checkout', 'bo')]).toEqual([
      true,
      true,
    ])
    expect(errors).toEqual(['listener_failed'])
    expect(await counts('feature_flag.evaluations')).toEqual([])
    await flags.close()
  })

  it('drops only the events that fail where somebody hears of them, and sends those that do not', async () => {
    const reported: unknown[] = []
    const { flags, events, counts, errors } = observe({
      contextId: (key) => {
        if (key === 'bo') throw new Error('no such pseudonym')
        return key
      },
      activeSpan: () => {
        throw new Error('no spans')
      },
      report: (error) => reported.push((error as Error).message),
    })
    for (const user of ['ada', 'bo', 'cy', 'bo', 'ada']) flags.isEnabled('checkout', user)
    expect(events()).toHaveLength(2)
    expect(reported.filter((each) => each === 'no such pseudonym')).toHaveLength(2)
    expect(reported.filter((each) => each === 'no spans')).toHaveLength(5)
    expect(await counts('feature_flag.evaluations')).toEqual([['checkout on', 5]])
    expect(await counts('feature_flag.exposures')).toEqual([['checkout on', 2]])
    expect(await counts('feature_flag.events.dropped')).toEqual([['', 2]])
    expect(errors).toEqual([])
    await flags.close()
  })

  it('goes on though whoever hears of it fails, too', async () => {
    let isDown = true
    const emit = () => {
      if (isDown) throw new Error('down')
    }
    const report = () => {
      throw new Error('nobody hears')
    }
    const { flags, counts, errors, telemetry } = observe({ logger: { emit }, report })
    expect(flags.isEnabled('checkout', 'ada')).toBe(true)
    isDown = false
    expect(flags.isEnabled('checkout', 'ada')).toBe(true)
    expect(await counts('feature_flag.exposures')).toEqual([['checkout on', 1]])
    expect(errors).toEqual([])
    telemetry.close()
    await flags.close()
  })

  it('keeps the counters of two clients at one meter apart', async () => {
    const reader = new Reader()
    const meter = new sdk.MeterProvider({ readers: [reader] }).getMeter('test')
    const open = (flagSetId: string) => {
      const flags = openFlags({ environment: 'production', definitions })
      return { flags, telemetry: observeFlags(flags, { meter, flagSetId }) }
    }
    const [shop, till] = [open('shop'), open('till')]
    for (const user of ['ada', 'bo']) shop.flags.isEnabled('checkout', user)
    till.flags.isEnabled('checkout', 'ada')
    const counts = (name: string) => collect(reader, name, ['feature_flag.set.id'])
    expect(await counts('feature_flag.evaluations')).toEqual([
      ['checkout on shop', 2],
      ['checkout on till', 1],
    ])
    expect(await counts('feature_flag.events.dropped')).toEqual([
      ['shop', 0],
      ['till', 0],
    ])
    shop.telemetry.close()
    till.flags.isEnabled('checkout', 'bo')
    expect(await counts('feature_flag.exposures')).toContainEqual(['checkout on till', 2])
    await Promise.all([shop.flags.close(), till.flags.close()])
  })

  it('takes no user for another of very many', async () => {
    const flags = openFlags({ environment: 'production', definitions })
    let sent = 0
    observeFlags(flags, {
      logger: { emit: () => (sent += 1) },
      ...{ maxEventsPerSecond: 1_000_000, rememberedExposures: 2 ** 20 },
    })
    // One hash for both, where a user stands and by which mark, would lose some forty.
    for (let user = 0; user < 300_000; user += 1) flags.isEnabled('checkout', `user-${user}`)
    expect(sent).toBe(300_000)
    await flags.close()
  })

  it('counts each kind of error by itself', async () => {
    const { flags, counts } = observe()
    const hostile = {
      get id(): string {
        throw new Error('no')
      },
    }
    flags.isEnabled('half', {})
    flags.isEnabled('half', hostile)
    const counted = await counts('feature_flag.evaluations')
    expect(counted).toHaveLength(2)
    expect(counted).toContainEqual(['half off targeting_key_missing', 1])
    await flags.close()
  })

  it('takes nobody for somebody else, whatever users and variants are called', async () => {
    const flags = openFlags({
      environment: 'production',
      definitions: {
        menu: {
          ...{ enabled: true, rollout: 100, environments: ['production'], serve: 'a' },
          variants: { a: 'a', 'a:undefined': 'b' },
          rules: [{ if: { attribute: 'old', is: true }, serve: 'a:undefined' }],
        },
      },
    })
    let sent = 0
    observeFlags(flags, { logger: { emit: () => (sent += 1) } })
    // Joined without their lengths, both would be "menu:a:undefined:undefined:b".
    flags.string('menu', { id: 'undefined:b' }, '')
    flags.string('menu', { id: 'b', old: true }, '')
    expect(sent).toBe(2)
    await flags.close()
  })

  it('counts nothing once it is closed, and gives the meter its counters back', async () => {
    const { flags, clock, telemetry, events, counts } = observe()
    flags.isEnabled('checkout', 'ada')
    telemetry.close()
    flags.isEnabled('checkout', 'bo')
    await clock.advance(2 * hourMs)
    expect(events()).toHaveLength(1)
    expect(await counts('feature_flag.evaluations')).toEqual([])
    await flags.close()
  })

  it('leaves no timer behind', async () => {
    const { flags, clock } = observe()
    const due = new Set<() => void>()
    const after = (ms: number, run: () => void) => {
      due.add(run)
      const cancel = clock.after(ms, run)
      return () => {
        due.delete(run)
        cancel()
      }
    }
    const telemetry = observeFlags(flags, { clock: { ...clock, after } })
    expect(due.size).toBe(1)
    await clock.advance(secondMs)
    telemetry.close()
    expect(due.size).toBe(0)
    await flags.close()
  })

  it('refuses what it cannot work with', async () => {
    const { flags } = observe()
    const refused: [ObserveFlagsOptions, string][] = [
      [{ windowMs: 0 }, 'windowMs'],
      [{ maxEventsPerSecond: Number.NaN }, 'maxEventsPerSecond'],
      [{ rememberedExposures: 1_000 }, 'rememberedExposures'],
      [{ rememberedExposures: 2 }, 'rememberedExposures'],
    ]
    for (const [options, name] of refused) {
      expect(() => observeFlags(flags, options)).toThrow(
        expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(name) }),
      )
    }
    expect(hashedKey('x'.repeat(16))('ada')).toHaveLength(32)
    expect(() => hashedKey('x'.repeat(15))).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
    await flags.close()
  })
})
