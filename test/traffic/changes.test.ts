import { Pool, request } from 'undici'
import { describe, expect, it } from 'vitest'
import { createSplitDispatcher } from '../../packages/rollout/src/dispatcher.ts'
import { createSplitProxy } from '../../packages/rollout/src/proxy.ts'
import type { Router } from '../../packages/rollout/src/router.ts'
import { type ArmServer, createArmServer } from './arm-server.ts'

const isLong = process.env.SLUICE_LONG !== undefined
const requests = isLong ? 100_000 : 10_000
/** Real requests on a machine that may be busy: this only ends one that hangs. */
const limitMs = isLong ? 1_800_000 : 300_000
/** Twenty changes; each share but those at the ends is met from above and from below. */
const percents = [0, 5, 25, 50, 100, 50, 25, 5, 1, 10, 90, 99, 100, 0, 75, 33.3, 66.7, 2, 98, 5]

const arms = ['stable', 'canary'] as const

interface Scene {
  readonly router: Router
  readonly send: (key: string) => Promise<string>
  readonly close: () => Promise<unknown>
}

type Origins = Record<(typeof arms)[number], { origins: string[] }>

const scenes: [string, (arms: Origins) => Promise<Scene>][] = [
  [
    'dispatcher',
    async (origins) => {
      const router = createSplitDispatcher({ arms: origins })
      const send = async (key: string) => {
        const headers = { 'x-sluice-key': key }
        return textOf(await request('http://service/', { dispatcher: router, headers }))
      }
      return { router, send, close: () => router.close() }
    },
  ],
  [
    'proxy',
    async (origins) => {
      const router = createSplitProxy({ arms: origins })
      const { port } = await router.listen()
      const client = new Pool(`http://127.0.0.1:${port}`)
      const send = async (key: string) => {
        const headers = { 'x-sluice-key': key }
        return textOf(await client.request({ method: 'GET', path: '/', headers }))
      }
      const close = async () => {
        await client.close()
        await router.close()
      }
      return { router, send, close }
    },
  ],
]

describe.each(scenes)(`${requests} requests through 20 changes of a %s`, (_name, open) => {
  it(
    'all succeed, in the share asked for at each stage, though origins die and come back',
    async () => {
      const servers: Record<string, ArmServer[]> = {}
      for (const arm of arms) {
        servers[arm] = [await createArmServer(arm), await createArmServer(arm)]
      }
      const origins = Object.fromEntries(
        arms.map((arm) => [arm, { origins: servers[arm]!.map(({ origin }) => origin) }]),
      ) as Origins
      const { router, send, close } = await open(origins)
      const perStage = requests / percents.length
      const failures: unknown[] = []
      for (const [stage, percent] of percents.entries()) {
        await router.apply({ stable: 100 - percent, canary: percent })
        const victim = servers[arms[stage % 2]!]![0]!
        let canary = 0
        let sent = 0
        const sendNext = async () => {
          while (sent < perStage) {
            // One of the arm's two origins dies with requests under way, and is back by the end of the stage.
            if (sent++ === 100) void victim.kill()
            try {
              if ((await send(`stage-${stage}-${sent}`)) === 'canary') canary++
            } catch (error) {
              failures.push(error)
            }
          }
        }
        await Promise.all(Array.from({ length: 16 }, sendNext))
        await victim.restart()
        const share = percent / 100
        const deviation = Math.sqrt(perStage * share * (1 - share))
        expect(Math.abs(canary - perStage * share), `at ${percent} percent`).toBeLessThanOrEqual(
          3 * deviation,
        )
      }
      expect(failures).toEqual([])
      await close()
      for (const arm of arms) await Promise.all(servers[arm]!.map((server) => server.close()))
    },
    limitMs,
  )
})

async function textOf({
  statusCode,
  body,
}: {
  statusCode: number
  body: { text(): Promise<string> }
}) {
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${statusCode} ${text}`)
  return text
}
