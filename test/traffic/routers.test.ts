import { request } from 'undici'
import { createSplitDispatcher } from '../../packages/rollout/src/dispatcher.ts'
import { createSplit } from '../../packages/rollout/src/split.ts'
import { createArmServer } from './arm-server.ts'
import { describeRouter } from './router-contract.ts'

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
  const servers = await Promise.all([createArmServer('stable'), createArmServer('canary')])
  const [stable, canary] = servers
  const router = createSplitDispatcher({
    arms: { stable: { origins: [stable.origin] }, canary: { origins: [canary.origin] } },
  })
  const send = async (key: string, path = '/') => {
    const url = `http://service${path}`
    const { body } = await request(url, { dispatcher: router, headers: { 'x-sluice-key': key } })
    return body.text()
  }
  return {
    router,
    send,
    async hold(key) {
      const answer = send(key, '/hold')
      await Promise.race(servers.map((server) => server.held()))
      return () => {
        for (const server of servers) server.release()
        return answer
      }
    },
    async close() {
      await router.close()
      await Promise.all(servers.map((server) => server.close()))
    },
  }
})
