import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ServerState } from './server-state.ts'
import { findUsable, orderChanges, shareByWeight, weighServers } from './server-weights.ts'

const arms = { stable: ['s1', 's2'], canary: ['c1'] }

describe('the weights of servers', () => {
  it('give one server of each arm 256 parts to share', () => {
    const pair = { stable: ['s1'], canary: ['c1'] }
    expect(weights({ stable: 95, canary: 5 }, pair)).toEqual({ s1: 243, c1: 13 })
    expect(weights({ stable: 100, canary: 0 }, pair)).toEqual({ s1: 256, c1: 0 })
    expect(weights({ stable: 0, canary: 100 }, pair)).toEqual({ s1: 0, c1: 256 })
  })

  it('divide the share of an arm among its servers', () => {
    expect(weights({ stable: 95, canary: 5 }, arms)).toEqual({ s1: 122, s2: 121, c1: 13 })
  })

  it('never leave a share above 0 without weight, nor give a share of 0 any', () => {
    expect(weights({ stable: 99.99, canary: 0.01 }, arms)).toEqual({ s1: 128, s2: 127, c1: 1 })
    expect(weights({ stable: 0.01, canary: 99.99 }, arms)).toEqual({ s1: 1, s2: 0, c1: 255 })
  })

  it('serve within 0.4 percent of what was asked, by arms of any size', () => {
    fc.assert(
      fc.property(anyArms, anyPercent, (sizes, canary) => {
        const wanted = { stable: 100 - canary, canary }
        const set = weighServers(wanted, sizes, sizes)
        const served = shareByWeight(sizes, statesOf(Object.fromEntries(set)))
        const limit = canary === 0 || canary === 100 ? 0 : canary < 0.2 || canary > 99.8 ? 0.4 : 0.2
        expect(Math.abs((served.canary ?? -1) - canary)).toBeLessThanOrEqual(limit)
        for (const weight of set.values()) expect(weight).toBeLessThanOrEqual(256)
      }),
    )
  })

  it('leave out a server in maintenance, which weighs nothing when it is back', () => {
    const pair = { stable: ['s1'], canary: ['c1', 'c2'] }
    const states = statesOf({ s1: 1, c1: 1, c2: 1 }, { c2: { isInMaintenance: true } })
    const usable = findUsable(pair, states, false)
    expect(usable).toEqual({ stable: ['s1'], canary: ['c1'] })
    const set = weighServers({ stable: 90, canary: 10 }, pair, usable)
    expect(Object.fromEntries(set)).toEqual({ s1: 230, c1: 26, c2: 0 })
  })

  it('leave out a server that fails its checks, unless all of its arm do', () => {
    const down = { isUp: false }
    expect(findUsable(arms, statesOf({ s1: 1, s2: 1, c1: 1 }, { s1: down }), false)).toEqual({
      stable: ['s2'],
      canary: ['c1'],
    })
    expect(findUsable(arms, statesOf({ s1: 1, s2: 1, c1: 1 }, { c1: down }), false)).toEqual(arms)
  })
})

describe('the order of changes', () => {
  it('takes the newcomer up before it takes the other down, so that something serves', () => {
    expect(orderOf({ s1: 256, c1: 0 }, { s1: 0, c1: 256 })).toEqual(['c1 256', 's1 0'])
    expect(orderOf({ s1: 0, c1: 256 }, { s1: 256, c1: 0 })).toEqual(['s1 256', 'c1 0'])
  })

  it('takes others up before down where the first arm has nothing, so that something serves', () => {
    const three = { stable: ['s1'], blue: ['b1'], green: ['g1'] }
    const states = statesOf({ s1: 0, b1: 256, g1: 0 })
    const wanted = new Map(Object.entries({ s1: 0, b1: 0, g1: 256 }))
    expect(orderChanges(three, states, wanted)).toEqual([
      { server: 'g1', weight: 256 },
      { server: 'b1', weight: 0 },
    ])
  })

  it('never exposes the canary beyond both its old and its new share, and never serves nothing', () => {
    const weight = fc.integer({ min: 0, max: 256 })
    fc.assert(
      fc.property(anyArms, fc.infiniteStream(weight), anyPercent, (sizes, found, canary) => {
        const names = [...sizes.stable, ...sizes.canary]
        const states = statesOf(Object.fromEntries(names.map((name) => [name, next(found)])))
        const wanted = weighServers({ stable: 100 - canary, canary }, sizes, sizes)
        const before = canaryShare(sizes, states)
        const after = canaryShare(sizes, statesOf(Object.fromEntries(wanted)))
        for (const { server, weight } of orderChanges(sizes, states, wanted)) {
          states.set(server, { ...(states.get(server) as ServerState), weight })
          const share = canaryShare(sizes, states)
          expect(Number.isNaN(share)).toBe(false)
          const most = Number.isNaN(before) ? 100 : Math.max(before, after)
          expect(share).toBeLessThanOrEqual(most + 1e-9)
        }
        expect(canaryShare(sizes, states)).toBe(after)
      }),
    )
  })
})

const anyPercent = fc.oneof(
  fc.constantFrom(0, 1, 5, 25, 50, 95, 100),
  fc.double({ min: 0, max: 100, noNaN: true }),
)
const anyArms = fc.record({ stable: servers('s'), canary: servers('c') })

function servers(prefix: string): fc.Arbitrary<string[]> {
  return fc
    .integer({ min: 1, max: 12 })
    .map((count) => Array.from({ length: count }, (_, index) => `${prefix}${index}`))
}

function weights(split: Record<string, number>, all: Record<string, string[]>) {
  return Object.fromEntries(weighServers(split, all, all))
}

function orderOf(found: Record<string, number>, wanted: Record<string, number>): string[] {
  const pair = { stable: ['s1'], canary: ['c1'] }
  const changes = orderChanges(pair, statesOf(found), new Map(Object.entries(wanted)))
  return changes.map(({ server, weight }) => `${server} ${weight}`)
}

function statesOf(
  found: Record<string, number>,
  particular: Record<string, Partial<ServerState>> = {},
): Map<string, ServerState> {
  const states = Object.entries(found).map(([name, weight]) => {
    const plain = { name, weight, isInMaintenance: false, isDraining: false, isUp: true }
    return [name, { ...plain, ...particular[name] }] as const
  })
  return new Map(states)
}

/** NaN where nothing weighs anything. */
function canaryShare(
  sizes: { stable: string[]; canary: string[] },
  states: ReadonlyMap<string, ServerState>,
): number {
  const sum = (names: string[]) =>
    names.reduce((total, name) => total + (states.get(name)?.weight ?? 0), 0)
  const canary = sum(sizes.canary)
  return (100 * canary) / (canary + sum(sizes.stable))
}

function next(stream: Iterator<number>): number {
  return stream.next().value as number
}
