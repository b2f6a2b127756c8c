import { createHash } from 'node:crypto'
import type { RedisClient } from './client.ts'

/** A Lua script and the hash by which the server knows it. */
export interface Script {
  readonly text: string
  readonly hash: string
}

/** Makes text a script. */
export function script(text: string): Script {
  return { text, hash: createHash('sha1').update(text, 'utf8').digest('hex') }
}

/**
 * Runs a script on the server that holds the keys: by its hash, and with its text where the server does
 * not know it, as after a restart.
 *
 * Both packages send EVALSHA to the primary, whatever they are told about reading from replicas.
 */
export async function runScript(
  client: RedisClient,
  { text, hash }: Script,
  keys: string[],
  args: string[],
): Promise<unknown> {
  try {
    return await send(client, 'hash', hash, keys, args)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error
    return send(client, 'text', text, keys, args)
  }
}

function send(
  client: RedisClient,
  by: 'hash' | 'text',
  body: string,
  keys: string[],
  args: string[],
): Promise<unknown> {
  if ('evalSha' in client) {
    const options = { keys, arguments: args }
    return by === 'hash' ? client.evalSha(body, options) : client.eval(body, options)
  }
  return by === 'hash'
    ? client.evalsha(body, keys.length, ...keys, ...args)
    : client.eval(body, keys.length, ...keys, ...args)
}

/**
 * Begins to watch over a command: the answer says whether it was sent once at most.
 *
 * node-redis never sends again what it has written, but for a Sentinel client, which does not tell.
 * ioredis does after a reconnection, which leaves another connection in place of the one before;
 * whoever was not connected at first cannot tell.
 */
export function watchSending(client: RedisClient): () => boolean {
  const before = connectionsOf(client)
  return () => {
    const after = connectionsOf(client)
    return before.length === after.length && before.every((one, index) => one === after[index])
  }
}

function connectionsOf(client: RedisClient): readonly unknown[] {
  if ('evalSha' in client) return client.getMasterNode === undefined ? [] : [{}]
  return (client.nodes?.('master') ?? [client]).map(({ stream }) => stream)
}
