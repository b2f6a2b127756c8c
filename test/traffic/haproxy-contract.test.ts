import { haproxyRouter } from '../../packages/rollout/src/haproxy.ts'
import { haproxy, startHaproxy } from '../services/haproxy.ts'
import { describeWith } from '../services/service.ts'
import { createArmServer } from './arm-server.ts'
import { describeRouter } from './router-contract.ts'

describeWith(haproxy, 'HAProxy as a router', () => {
  describeRouter(
    'haproxy',
    async () => {
      const [stable, canary] = await Promise.all(
        ['stable', 'canary'].map((arm) => createArmServer(arm)),
      )
      const servers = [stable!, canary!]
      const proxy = await startHaproxy(servers.map(({ arm, port }) => ({ name: arm, port })))
      const router = haproxyRouter({
        ...{ socket: proxy.socket, backend: 'web' },
        servers: { stable: ['stable'], canary: ['canary'] },
      })
      const send = async (path: string) => {
        const response = await fetch(`${proxy.url}${path}`)
        if (!response.ok) throw new Error(`HAProxy answered ${response.status}`)
        return response.text()
      }
      return {
        router,
        send: () => send('/'),
        async hold() {
          const answer = send('/hold')
          await Promise.race(servers.map((server) => server.held()))
          return () => {
            for (const server of servers) server.release()
            return answer
          }
        },
        async close() {
          await proxy.stop()
          await Promise.all(servers.map((server) => server.close()))
        },
      }
    },
    {
      notSticky: 'round robin knows no keys; stickiness is HAProxy’s own, by cookie or stick table',
    },
  )
})
