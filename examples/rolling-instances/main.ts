// A rolling update over four local instances: one first, then the others one by one; a version that does not become healthy stops
// at its first instance, and goes back. Nothing is needed but Node:
//
//   node --import tsx -C @sluice/source examples/rolling-instances/main.ts
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRollingUpdate, isProcedureOver, rolling } from '@sluice/rollout'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createFleet } from './fleet.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

const fleet = createFleet({
  'shop-1': await freePort(),
  'shop-2': await freePort(),
  'shop-3': await freePort(),
  'shop-4': await freePort(),
})
await Promise.all(fleet.names.map((name) => fleet.deploy(name, 'v1')))

const replica = createReplica({ store: createMemoryStore() })
await replica.start()
await replica.ready()

const update = createRollingUpdate({
  ...{ replica, environment: 'production', service: 'shop', instances: fleet.names },
  // The policy's two minutes and ten seconds, with the times of a demonstration.
  plan: rolling({ healthTimeoutMs: 2_000, settleMs: 200 }),
  hooks: {
    async takeOut(instance) {
      say(`  ${instance} is taken out`)
      await fleet.takeOut(instance)
    },
    deploy: (instance, { version }) => fleet.deploy(instance, version),
    check: (instance) => fleet.isHealthy(instance),
    async putBack(instance, { version }) {
      fleet.putBack(instance)
      say(`  ${instance} is back with ${version}`)
    },
  },
  tickMs: 100,
})
update.on('event', ({ level, message }) => {
  if (level !== 'debug') say(`  ${message}`)
})
update.run()
const users = startUsers()

say('v2 goes over the instances.')
await deploy('v2')
say('v3 never becomes healthy: it stops at the first instance, which goes back.')
await deploy('v3')

const { answers, dropped } = await users.stop()
say(`answers: ${JSON.stringify(answers)}, dropped: ${dropped}`)
await update.stop()
await replica.close()
await fleet.close()

async function deploy(version: string): Promise<void> {
  await update.start({ actor: 'ann', reason: `the shop's ${version}`, version, from: 'v1' })
  while (update.state === undefined || !isProcedureOver(update.state)) await sleep(50)
  const versions = Object.entries(update.instances).map(
    ([name, { version: on }]) => `${name} ${on}`,
  )
  say(`  ${versions.join(', ')}`)
}

/** Somebody asks all the time; every answer counts. */
function startUsers() {
  const answers: Record<string, number> = {}
  let dropped = 0
  let isOver = false
  const asking = (async () => {
    for (; !isOver; await sleep(5)) {
      try {
        const version = await fleet.ask()
        answers[version] = (answers[version] ?? 0) + 1
      } catch {
        dropped += 1
      }
    }
  })()
  return {
    async stop() {
      isOver = true
      await asking
      return { answers, dropped }
    },
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
