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

/** An arm in which some buckets are empty, in any pattern. */
const arm: fc.Arbitrary<ArmCounts> = fc
  .array(fc.oneof(fc.constant(0), count), { maxLength: LATENCY_BUCKETS })
  .map((buckets) => {
    const latency = createArmCounts().latency as Float64Array
    latency.set(buckets)
    return { requests: 1_000_000, errors: 10, latency }
  })

describe('packCounts and unpackCounts', () => {
  it('carry totals through JSON unchanged', () => {
    fc.assert(
      fc.property(arm, arm, (stable, canary) => {
        const text = JSON.stringify(packCounts({ stable, canary }))
        expect(unpackCounts(JSON.parse(text))).toEqual({ stable, canary })
      }),
    )
  })

  it('keep within a few kilobytes, with every bucket in use', () => {
    const full = { ...createArmCounts(), requests: 304e6, errors: 1e6 }
    full.latency.fill(1_000_000)
    expect(JSON.stringify(packCounts({ stable: full, canary: full })).length).toBeLessThan(5_200)
    const recorder = createHealthRecorder()
    for (let n = 0; n < 100_000; n++) recorder.record('stable', n % 100 > 0, 20 * (1 + (n % 97)))
    expect(JSON.stringify(packCounts(recorder.read())).length).toBeLessThan(1_000)
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
  ])('refuse %s', (_, canary) => {
    expect(() => unpackCounts({ stable: sound, canary })).toThrowError(
      expect.objectContaining({ code: 'invalid_counts' }),
    )
  })

  it('take what is refused above without its fault', () => {
    const { canary } = unpackCounts({ stable: sound, canary: sound })
    expect(canary).toMatchObject({ requests: 3, errors: 1 })
    expect(canary.latency[10]).toBe(3)
  })
})
