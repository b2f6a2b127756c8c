import { Pool, request } from 'undici'
import { createSplitDispatcher } from '../../packages/rollout/src/dispatcher.ts'
import { createSplitProxy } from '../../packages/rollout/src/proxy.ts'
import type { Router } from '../../packages/rollout/src/router.ts'
import { createSplit } from '../../packages/rollout/src/split.ts'
import { createArmServer } from './arm-server.ts'
import { describeRouter, type RouterUnderTest } from './router-contract.ts'

describeRouter('in process', async () => {
  const router = createSplit({ arms: { stable: 100, canary: 0 } })
  return {
    router,
    send: async (key) => router.pick(key),
    async hold(key) {
      const arm = router.pick(key)
      return async () => arm
    },
    close: async () => {},
  }
})

describeRouter('dispatcher', async () => {
  const { arms, behind } = await openArms()
  const router = createSplitDispatcher({ arms })
  return behind(router, async (key, path) => {
    const url = `http://service${path}`
    const { body } = await request(url, { dispatcher: router, headers: { 'x-sluice-key': key } })
    return body.text()
  })
})

describeRouter('proxy', async () => {
  const { arms, behind } = await openArms()
  const router = createSplitProxy({ arms })
  const { port } = await router.listen()
  const client = new Pool(`http://127.0.0.1:${port}`)
  return behind(
    router,
    async (key, path) => {
      const headers = { 'x-sluice-key': key }
      const { body } = await client.request({ method: 'GET', path, headers })
      return body.text()
    },
    () => client.close(),
  )
})

/** A server for each arm, and what a test does with a router before them. */
async function openArms() {
  const [stable, canary] = await Promise.all([createArmServer('stable'), createArmServer('canary')])
  const servers = [stable, canary]

  function behind(
    router: Router,
    send: (key: string, path: string) => Promise<string>,
    before = async () => {},
  ): RouterUnderTest {
    return {
      router,
      send: (key) => send(key, '/'),
      async hold(key) {
        const answer = send(key, '/hold')
        await Promise.race(servers.map((server) => server.held()))
        return () => {
          for (const server of servers) server.release()
          return answer
        }
      },
      async close() {
        await before()
        await router.close?.()
        await Promise.all(servers.map((server) => server.close()))
      },
    }
  }

  const arms = { stable: { origins: [stable.origin] }, canary: { origins: [canary.origin] } }
  return { arms, behind }
}
