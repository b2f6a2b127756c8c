import { describe, expect, it } from 'vitest'
import { tickOf } from './guard-sets.fixture.ts'
import {
  createGuardSet,
  custom,
  errorRate,
  type Guard,
  maxErrorRate,
  replay,
  sampleRatio,
} from './index.ts'

function judge(guard: Guard, second: Parameters<typeof tickOf>[1], seconds = 1) {
  const ticks = Array.from({ length: seconds }, (_, index) => tickOf((index + 1) * 1000, second))
  return replay(ticks, [guard]).verdicts[0]!
}

describe('clusterSize', () => {
  it.each([
    ['errorRate', (clusterSize: number) => errorRate({ clusterSize }), { stableErrors: 12 }],
    [
      'custom',
      (clusterSize: number) => custom({ series: 'signup', better: 'lower', clusterSize }),
      { canarySignups: 4, stableSignups: 12 },
    ],
    ['maxErrorRate', (clusterSize: number) => maxErrorRate({ ratio: 0.05, clusterSize }), {}],
  ])('of %s: ten errors of one cause weigh as one that is by itself', (_name, guard, others) => {
    const once = { canaryErrors: 4, ...others }
    const times = (factor: number) =>
      Object.fromEntries(
        Object.entries({ canary: 20, stable: 380, ...once }).map(([key, n]) => [key, n * factor]),
      )
    const plain = judge(guard(1), once)
    expect(plain.evidenceLog).toBeGreaterThan(0.5)
    expect(judge(guard(10), times(10)).evidenceLog).toBeCloseTo(plain.evidenceLog, 9)
    expect(judge(guard(1), times(10)).evidenceLog).toBeGreaterThan(3 * plain.evidenceLog)
    const width = ({ interval: [low, high] = [1, 1] }: typeof plain) => high / low
    expect(width(judge(guard(10), times(10))) / width(plain)).toBeCloseTo(1, 0)
    expect(width(judge(guard(1), times(10)))).toBeLessThan(width(plain) / 2)
  })
})

describe('a guard that asks for enough first', () => {
  it('asks for nothing before, though it is beyond chance', () => {
    const set = createGuardSet([errorRate({ minErrors: 100 })])
    for (let at = 1; at <= 20; at++) set.observe(tickOf(at * 1000, { canaryErrors: 4 }))
    expect(set.verdicts()[0]).toMatchObject({ outcome: 'inconclusive', evidence: 1 })
    expect(set.findDemand()).toBeUndefined()
    for (let at = 21; at <= 25; at++) set.observe(tickOf(at * 1000, { canaryErrors: 4 }))
    expect(set.findDemand()).toBe('rollback')
  })

  it('waits for so many units', () => {
    expect(judge(sampleRatio({ minUnits: 1 }), { canaryUnits: 9 }, 15)).toMatchObject({
      outcome: 'fail',
    })
    expect(judge(sampleRatio(), { canaryUnits: 9 }, 15)).toMatchObject({ outcome: 'inconclusive' })
  })

  it('spends less on the units of each further share', () => {
    const evidence = (shares: number) => {
      const ticks = Array.from({ length: 10 * shares }, (_, index) => ({
        ...tickOf((index + 1) * 1000, { canaryUnits: 3 }),
        canaryShare: Math.floor(index / 10) === shares - 1 ? 0.05 : 0.01 * (index % 2),
      }))
      return replay(ticks, [sampleRatio()]).verdicts[0]!
    }
    const [first, later] = [evidence(1), evidence(2)]
    expect(later.evidenceLog).toBeCloseTo(first.evidenceLog, 9)
    // Five times one hundredth, and then five in one hundredth: the sixth share.
    expect(first.evidence / later.evidence).toBeCloseTo(Math.log(6 * 7 * 100) / Math.log(200), 6)
  })
})
