// Opens a Redis store, uses everything of it that holds a connection, closes it, and must then end.
import { createRedisStore } from '@sluice/stores/redis'
import {
  ioredis,
  ioredisCluster,
  nodeRedis,
  nodeRedisCluster,
} from '../../contracts/redis.fixture.ts'

const [, , name, url] = process.argv
const kind = [nodeRedis, ioredis, nodeRedisCluster, ioredisCluster].find(
  (each) => each.name === name,
)
if (kind === undefined || url === undefined) throw new Error('name a client and a URL')

const { client, end } = await kind.open(url)
const store = createRedisStore({ client, prefix: 'visited' })
await store.read(0)
await store.watch?.(() => {})
await store.exchange.publish('visitor', 1, 1_000)
await store.close()
end()
process.stdout.write('closed\n')
