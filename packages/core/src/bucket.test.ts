import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bucketCount, bucketLimit, splitLimits } from './bucket.ts'
import { bucketOf } from './bucket-of.ts'
import { PrefixHash } from './hash.ts'

interface Vector {
  salt: string
  key: string
  bucket: number
}

const file = new URL('../../../test/vectors/buckets.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[]

describe('bucketOf', () => {
  it('gives the published buckets', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(1000)
    expect(vectors.filter(({ salt, key, bucket }) => bucketOf(salt, key) !== bucket)).toEqual([])
  })

  it('is where compiled flags place a subject too', () => {
    const compiled = ({ salt, key }: Vector) => new PrefixHash(`${salt}:`).top30(key)
    expect(vectors.filter((vector) => compiled(vector) !== vector.bucket)).toEqual([])
  })
})

describe('bucketLimit', () => {
  it('gives nobody at 0 and everybody at 100', () => {
    expect([bucketLimit(0), bucketLimit(100)]).toEqual([0, bucketCount])
  })

  it('rounds to the nearest bucket', () => {
    expect(bucketLimit(25)).toBe(2 ** 28)
    expect(bucketLimit(33.3)).toBe(357556027)
  })
})

describe('splitLimits', () => {
  it('ends at the last bucket, whatever the sums round to', () => {
    expect(splitLimits([33.3, 33.3, 33.4]).at(-1)).toBe(bucketCount)
  })

  it('moves only the boundary between neighbours that trade weight', () => {
    const before = splitLimits([25, 25, 25, 25])
    const after = splitLimits([25, 35, 15, 25])
    expect(after[0]).toBe(before[0])
    expect(after[2]).toBe(before[2])
    expect(after[1]).toBeGreaterThan(before[1] as number)
  })
})
