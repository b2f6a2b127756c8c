import { once } from 'node:events'
import net from 'node:net'
import { expect, it } from 'vitest'
import { nats } from './nats.ts'
import { postgres } from './postgres.ts'
import { prometheus } from './prometheus.ts'
import { redis } from './redis.ts'
import { describeWith } from './service.ts'

for (const kind of [redis, postgres, nats, prometheus]) {
  describeWith(kind, `a private ${kind.name}`, (service) => {
    it('listens, can be killed, and comes back on its port', async () => {
      const { port, kill, restart } = service()
      expect(await answers(port)).toBe(true)
      await kill()
      expect(await answers(port)).toBe(false)
      await restart()
      expect(await answers(port)).toBe(true)
    })
  })
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
