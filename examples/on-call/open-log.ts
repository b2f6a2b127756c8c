import { type FlagClient, openFlags } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createRedisStore } from '@sluice/stores/redis'

/** The flags of an environment as the log knows them, and how to let go of them. */
export interface OpenLog {
  readonly flags: FlagClient
  close(): Promise<void>
}

/**
 * Opens the log that the services share. No definition is needed: what it knows can be turned off.
 *
 * @param where `redis://…?prefix=shop`, or the folder of a file store.
 * @throws Error where it does not answer within five seconds, or holds nothing, which is what a mistyped folder or prefix looks
 * like: nothing was changed then.
 */
export async function openLog(where: string, environment: string): Promise<OpenLog> {
  const { store, close } = where.startsWith('redis') ? await openRedis(where) : openFolder(where)
  const flags = openFlags({ store, environment })
  const end = async () => {
    await flags.close()
    await close()
  }
  const isThere = await flags.ready()
  if (isThere && flags.replica.head.revision > 0) return { flags, close: end }
  await end()
  const fault = isThere ? 'is empty: is it the right one?' : 'does not answer; nothing was changed'
  throw new Error(`the log at ${where} ${fault}`)
}

function openFolder(directory: string) {
  const store = createFileStore({ directory })
  return { store, close: () => store.close() }
}

async function openRedis(where: string) {
  const { createClient } = await import('redis')
  const { searchParams } = new URL(where)
  const client = createClient({ url: where.split('?')[0] ?? where, disableOfflineQueue: true })
  client.on('error', () => {})
  await client.connect()
  const store = createRedisStore({ client, prefix: searchParams.get('prefix') ?? 'sluice' })
  return {
    store,
    async close() {
      await store.close()
      client.destroy()
    },
  }
}
