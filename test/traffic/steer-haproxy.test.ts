import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { haproxyRouter } from '../../packages/rollout/src/haproxy.ts'
import { steerTraffic } from '../../packages/rollout/src/index.ts'
import { type HaproxyService, haproxy, startHaproxy } from '../services/haproxy.ts'
import { describeWith } from '../services/service.ts'
import { createArmServer } from './arm-server.ts'

describeWith(haproxy, 'a real HAProxy that follows the log', () => {
  let arms: Awaited<ReturnType<typeof createArmServer>>[]
  let proxy: HaproxyService
  beforeEach(async () => {
    arms = await Promise.all(['stable', 'canary'].map((arm) => createArmServer(arm)))
    // Its file gives the canary half: what a restart falls back to.
    proxy = await startHaproxy(arms.map(({ arm, port }) => ({ name: arm, port, weight: 128 })))
  })
  afterEach(async () => {
    await proxy.stop()
    for (const arm of arms) await arm.close()
  })

  /** A process with its own replica, router and steering. */
  async function join(store = createMemoryStore(), everyMs = 50) {
    const replica = createReplica({ store, pollMs: 20 })
    await replica.start()
    await replica.ready()
    const router = haproxyRouter({
      ...{ socket: proxy.socket, backend: 'web', timeoutMs: 2_000 },
      servers: { stable: ['stable'], canary: ['canary'] },
    })
    const steering = steerTraffic({
      ...{ replica, environment: 'production', flag: 'checkout', router, everyMs },
      arms: { stable: 'stable', canary: 'canary' },
    })
    const drifts: number[] = []
    steering.on('drift', ({ found }) => drifts.push(found.canary ?? 0))
    return {
      ...{ router, steering, drifts },
      async expose(rollout: number) {
        await replica.refresh()
        const changes = [{ key: 'exposure/production/checkout', value: { enabled: true, rollout } }]
        await replica.commit({ actor: 'ann', action: 'set_rollout', reason: 'a test', changes })
      },
      async close() {
        await steering.close()
        await replica.close()
      },
    }
  }

  it('is repaired by itself when it restarts with the weights of its file', async () => {
    const { expose, steering, router, drifts, close } = await join()
    await expose(25)
    await steering.settled()
    expect(await router.read?.()).toEqual({ stable: 75, canary: 25 })
    await proxy.kill()
    await proxy.restart()
    await steering.settled()
    expect(await router.read?.()).toEqual({ stable: 75, canary: 25 })
    expect(drifts.filter((found) => found !== 50)).toEqual([])
    await close()
  })

  it('has the newest weights though it restarted in the middle of the changes', async () => {
    const { expose, steering, router, close } = await join()
    const changes = (async () => {
      for (const percent of [5, 25, 50, 100, 50, 25, 0]) {
        await expose(percent)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    await proxy.kill()
    await proxy.restart()
    await changes
    await steering.settled()
    expect(await router.read?.()).toEqual({ stable: 100, canary: 0 })
    await close()
  })

  it('may be steered by several processes', async () => {
    const store = createMemoryStore()
    const all = await Promise.all([join(store, 10), join(store, 10), join(store, 10)])
    const [first] = all
    for (const percent of [5, 50, 0, 25]) await first!.expose(percent)
    for (const { steering } of all) await steering.settled()
    for (const { router } of all) expect(await router.read?.()).toEqual({ stable: 75, canary: 25 })
    for (const { close } of all) await close()
  })
})
