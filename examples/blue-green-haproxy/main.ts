// Blue-green behind a real HAProxy: a bad version is switched to, seen by the guards and switched back; a good one takes over,
// and the old arm is taken down. Needs HAProxy (apt-get install haproxy):
//
//   node --import tsx -C @sluice/source examples/blue-green-haproxy/main.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { createHealthRecorder, errorRate } from '@sluice/guards'
import { blueGreen, createBlueGreen, definePolicy, isProcedureOver } from '@sluice/rollout'
import { haproxyRouter } from '@sluice/rollout/haproxy'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createArms } from './arms.ts'
import { findHaproxy, freePort, startHaproxy } from './haproxy.ts'
import { startTraffic } from './traffic.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const command = findHaproxy()
if (command === undefined) say('haproxy is not installed: apt-get install haproxy')
else await play(command)

async function play(haproxyCommand: string): Promise<void> {
  // The deployment policy, with the times of a demonstration: ten minutes are two seconds.
  const policy = definePolicy({
    blueGreen: { monitorMs: 2_000, warmUpMs: 300, holdbackPercent: 20 },
    canary: { lastMonitorMs: 1_000 },
  })
  const ports = { blue: await freePort(), green: await freePort() }
  const arms = createArms(ports)
  await arms.deploy('blue', 'v1')
  const haproxy = await startHaproxy(haproxyCommand, ports)
  const replica = createReplica({ store: createMemoryStore() })
  await replica.start()
  await replica.ready()
  const recorder = createHealthRecorder()

  const shop = createBlueGreen({
    ...{ replica, environment: 'production', service: 'shop', policy, source: recorder },
    router: haproxyRouter({
      socket: haproxy.socket,
      backend: 'shop',
      servers: { blue: ['blue'], green: ['green'] },
    }),
    hooks: {
      deploy: (arm, { version }) => arms.deploy(arm, version),
      async smokeTest(arm) {
        if (!(await arms.isHealthy(arm))) throw new Error(`${arm} is not healthy`)
      },
      decommission: (arm) => arms.stop(arm),
    },
    guards: [errorRate({ minRequests: 50 })],
    plan: blueGreen({ minHoldMs: 500, verifyQuietMs: 500 }, policy),
    tickMs: 200,
  })
  shop.on('event', ({ level, message }) => {
    if (level !== 'debug') say(`  ${message}`)
  })
  shop.on('error', (error) => say(`  error: ${String(error)}`))
  shop.steering.on('applied', ({ weights }) => {
    say(`  HAProxy: blue ${weights.blue} %, green ${weights.green} %`)
  })

  await shop.adopt({
    ...{ actor: 'ann', reason: 'as it was installed' },
    ...{ live: 'blue', idle: 'green', version: 'v1' },
  })
  shop.run()
  const traffic = startTraffic(haproxy.url, recorder, shop.roleOf)

  say('v2 passes its smoke test, and fails a third of its requests.')
  await deploy('v2')
  say(`  ${shop.record?.live} is live with ${shop.record?.versions.blue}`)
  say('v3 is as good as v1.')
  await deploy('v3')
  say(`  ${shop.record?.live} is live with ${shop.record?.versions.green}`)

  await traffic.stop()
  say(`answers: ${JSON.stringify(traffic.answers)}, dropped: ${traffic.dropped}`)
  await shop.stop()
  await replica.close()
  await haproxy.close()
  await arms.close()

  async function deploy(version: string): Promise<void> {
    await shop.start({ actor: 'ann', reason: `the shop's ${version}`, ticket: 'SHOP-12', version })
    while (shop.state === undefined || !isProcedureOver(shop.state)) await sleep(50)
  }
}
