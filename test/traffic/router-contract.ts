import type { Split } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Router } from '../../packages/rollout/src/router.ts'

/** A router with the arms `stable` and `canary` behind it, and a way to send requests through it. */
export interface RouterUnderTest {
  readonly router: Router
  /** Sends one request, for a key; resolves with the name of the arm that answered. */
  send(key: string): Promise<string>
  /**
   * Sends a request that its arm holds back; resolves once it is there. The function it resolves with lets it end, and
   * resolves with the arm that answered.
   */
  hold(key: string): Promise<() => Promise<string>>
  close(): Promise<void>
}

/** What a router cannot do, each with the reason, which is printed. */
export interface RouterLimits {
  /** Why it does not keep a key on its arm. */
  readonly notSticky?: string
  /** Requests for each share that is counted. Default 1,000. */
  readonly requests?: number
}

const stages: Split[] = [
  { stable: 95, canary: 5 },
  { stable: 75, canary: 25 },
  { stable: 50, canary: 50 },
  { stable: 0, canary: 100 },
  { stable: 99, canary: 1 },
  { stable: 100, canary: 0 },
]

/** The tests that every router passes. */
export function describeRouter(
  name: string,
  open: () => Promise<RouterUnderTest>,
  { notSticky, requests = 1_000 }: RouterLimits = {},
): void {
  describe(`the router ${name}`, () => {
    let under: RouterUnderTest
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.close())

    it('serves the share that is asked for, within 3 standard deviations, at every stage', async () => {
      for (const weights of stages) {
        await under.router.apply(weights)
        const share = weights.canary! / 100
        const served = await count(under, requests, `stage-${weights.canary}`)
        const deviation = Math.sqrt(requests * share * (1 - share))
        expect(Math.abs(served.canary - requests * share)).toBeLessThanOrEqual(3 * deviation)
        expect(served.stable + served.canary).toBe(requests)
      }
    })

    it('sends nobody to an arm at 0', async () => {
      await under.router.apply({ stable: 0, canary: 100 })
      expect(await count(under, 200, 'all')).toEqual({ stable: 0, canary: 200 })
      await under.router.apply({ stable: 100, canary: 0 })
      expect(await count(under, 200, 'none')).toEqual({ stable: 200, canary: 0 })
    })

    it('lets what is under way finish on the arm it began on', async () => {
      await under.router.apply({ stable: 0, canary: 100 })
      const release = await under.hold('someone')
      await under.router.apply({ stable: 100, canary: 0 })
      expect(await under.send('someone')).toBe('stable')
      expect(await release()).toBe('canary')
    })

    it('drops no request while the weights change', async () => {
      let isOver = false
      const changes = (async () => {
        for (let change = 0; change < 20; change++) {
          await under.router.apply(stages[change % stages.length]!)
          await new Promise(setImmediate)
        }
        isOver = true
      })()
      let answered = 0
      let sent = 0
      const senders = Array.from({ length: 8 }, async (_, sender) => {
        while (!isOver || sent < requests / 2) {
          const arm = await under.send(`over-${sender}-${sent++}`)
          if (arm === 'stable' || arm === 'canary') answered++
          // A router that answers at once would let nothing else have its turn.
          await new Promise(setImmediate)
        }
      })
      await Promise.all([changes, ...senders])
      expect(answered).toBe(sent)
    })

    if (notSticky !== undefined) {
      it.skip(`keeps a key on its arm: ${notSticky}`, () => {})
    } else {
      it('keeps a key on its arm, and moves only towards the arm that grows', async () => {
        const keys = Array.from({ length: 100 }, (_, index) => `sticky-${index}`)
        const ask = () => Promise.all(keys.map((key) => under.send(key)))
        await under.router.apply({ stable: 75, canary: 25 })
        const before = await ask()
        expect(await ask()).toEqual(before)
        await under.router.apply({ stable: 50, canary: 50 })
        const after = await ask()
        const left = keys.filter((_, at) => before[at] === 'canary' && after[at] !== 'canary')
        expect(left).toEqual([])
        await under.router.apply({ stable: 75, canary: 25 })
        expect(await ask()).toEqual(before)
      })
    }

    it('refuses weights that are none, and says where', async () => {
      await under.router.apply({ stable: 100, canary: 0 })
      const bad: [Split, string][] = [
        [{ stable: 95, canary: 6 }, ''],
        [{ stable: 101, canary: -1 }, '/stable'],
        [{ stable: 95, green: 5 }, '/green'],
      ]
      for (const [weights, pointer] of bad) {
        await expect(under.router.apply(weights)).rejects.toMatchObject({
          code: 'invalid_split',
          pointer,
          expected: expect.any(String),
          found: expect.any(String),
        })
      }
      expect(await count(under, 50, 'refused')).toEqual({ stable: 50, canary: 0 })
    })

    it('tells the weights in force, where it can', async () => {
      const { router } = under
      if (router.read === undefined) return
      await router.apply({ stable: 75, canary: 25 })
      expect(await router.read()).toEqual({ stable: 75, canary: 25 })
    })
  })
}

async function count(under: RouterUnderTest, requests: number, prefix: string) {
  const served = { stable: 0, canary: 0 }
  let next = 0
  const senders = Array.from({ length: 16 }, async () => {
    while (next < requests) {
      const arm = await under.send(`${prefix}-${next++}`)
      served[arm as keyof typeof served]++
    }
  })
  await Promise.all(senders)
  return served
}
