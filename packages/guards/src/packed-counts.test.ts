import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArmCounts,
  createArmCounts,
  createHealthRecorder,
  LATENCY_BUCKETS,
  packCounts,
  unpackCounts,
} from './index.ts'

const count = fc.nat(1_000_000)

/** Buckets of which some are empty, in any pattern. */
const buckets = fc
  .array(fc.oneof(fc.constant(0), count), { maxLength: LATENCY_BUCKETS })
  .map((counts) => {
    const all = new Float64Array(LATENCY_BUCKETS)
    all.set(counts)
    return all
  })

const series = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 64 }),
  fc.record({ count: fc.constant(1e12), values: buckets }, { requiredKeys: ['count'] }),
  { maxKeys: 16, noNullPrototype: true },
)

/** An arm of a process that knows the rest, or does not. */
const arm: fc.Arbitrary<ArmCounts> = fc.record(
  {
    requests: fc.constant(1_000_000),
    errors: fc.constant(10),
    latency: buckets,
    failedUnits: fc.nat(10),
    units: count,
    series,
  },
  { requiredKeys: ['requests', 'errors', 'latency'] },
)
const declared = fc.record({
  condition: fc.constantFrom('data_corruption' as const, 'security_vulnerability' as const),
  because: fc.string({ minLength: 1, maxLength: 500 }),
  at: fc.nat(),
})

describe('packCounts and unpackCounts', () => {
  it('carry totals through JSON unchanged', () => {
    fc.assert(
      fc.property(arm, arm, fc.option(declared, { nil: undefined }), (stable, canary, said) => {
        const counts = { stable, canary, ...(said === undefined ? {} : { declared: said }) }
        const text = JSON.stringify(packCounts(counts))
        expect(unpackCounts(JSON.parse(text))).toEqual(counts)
      }),
      { numRuns: 30 },
    )
  })

  it('take what was packed before there were units and series', () => {
    const old = { stable: sound, canary: sound }
    expect(Object.keys(unpackCounts(old))).toEqual(['stable', 'canary'])
    expect(Object.keys(unpackCounts(old).canary)).toEqual(['requests', 'errors', 'latency'])
    expect(packCounts(unpackCounts(old))).toEqual(old)
  })

  it('keep within a few kilobytes, with every bucket in use', () => {
    const full = { ...createArmCounts(), requests: 304e6, errors: 1e6 }
    full.latency.fill(1_000_000)
    expect(JSON.stringify(packCounts({ stable: full, canary: full })).length).toBeLessThan(5_200)
    const recorder = createHealthRecorder()
    for (let n = 0; n < 100_000; n++) recorder.record('stable', n % 100 > 0, 20 * (1 + (n % 97)))
    expect(JSON.stringify(packCounts(recorder.read())).length).toBeLessThan(1_000)
    for (let name = 0; name < 16; name++) recorder.track(`${name}`.repeat(32), 'canary')
    expect(JSON.stringify(packCounts(recorder.read())).length).toBeLessThan(1_000 + 2 * 16 * 100)
  })

  const sound = { requests: 3, errors: 1, latency: [-10, 3] }

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'counts'],
    ['a list', [1, 2]],
    ['one arm', { stable: sound }],
    ['a missing count', { ...sound, requests: undefined }],
    ['a written count', { ...sound, requests: '3' }],
    ['a negative count', { ...sound, requests: -3, errors: -4 }],
    ['a fraction', { ...sound, requests: 3.5 }],
    ['NaN', { ...sound, errors: Number.NaN }],
    ['an infinity', { ...sound, requests: Number.POSITIVE_INFINITY }],
    ['an inexact count', { ...sound, requests: 1e300 }],
    ['more errors than requests', { ...sound, errors: 4 }],
    ['no buckets', { ...sound, latency: undefined }],
    ['buckets that are no list', { ...sound, latency: { 0: 3 } }],
    ['a bucket that is no number', { ...sound, latency: [null] }],
    ['a fraction of a bucket', { ...sound, latency: [-1.5, 3] }],
    ['more buckets than there are', { ...sound, latency: [-304, 1] }],
    ['more empty buckets than can be counted', { ...sound, latency: [-1e300, 1] }],
    ['more failed units than errors', { ...sound, failedUnits: 2 }],
    ['failed units that are null', { ...sound, failedUnits: null }],
    ['a fraction of a unit', { ...sound, units: 0.5 }],
    ['series that are no list', { ...sound, series: { signup: 1 } }],
    ['a series that is no list', { ...sound, series: ['signup'] }],
    ['a series without a name', { ...sound, series: [['', 1]] }],
    ['a series of a fraction', { ...sound, series: [['signup', 0.5]] }],
    ['a series with broken values', { ...sound, series: [['signup', 1, 'text']] }],
    ['a series with more values than events', { ...sound, series: [['signup', 1, [2]]] }],
    [
      'a series twice',
      {
        ...sound,
        series: [
          ['signup', 1],
          ['signup', 2],
        ],
      },
    ],
    ['too many series', { ...sound, series: Array.from({ length: 17 }, (_, n) => [`${n}`, 1]) }],
  ])('refuse %s', (_, canary) => {
    expect(() => unpackCounts({ stable: sound, canary })).toThrowError(
      expect.objectContaining({ code: 'invalid_counts' }),
    )
  })

  it.each([
    null,
    'data_corruption',
    {},
    { condition: 'bad_mood', because: 'why', at: 1 },
    { condition: 'data_corruption', because: 'why', at: 'now' },
  ])('refuse %j for a declaration', (declared) => {
    expect(() => unpackCounts({ stable: sound, canary: sound, declared })).toThrowError(
      expect.objectContaining({ code: 'invalid_declaration' }),
    )
  })

  it('take what is refused above without its fault', () => {
    const { canary } = unpackCounts({ stable: sound, canary: sound })
    expect(canary).toMatchObject({ requests: 3, errors: 1 })
    expect(canary.latency[10]).toBe(3)
  })
})
