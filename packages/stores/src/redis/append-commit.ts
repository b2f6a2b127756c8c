import { randomBytes } from 'node:crypto'
import { SluiceError } from '@sluice/core'
import { type Commit, refusalCodes } from '../store.ts'
import type { RedisClient } from './client.ts'
import { missing } from './commits.ts'
import { toRedisError } from './errors.ts'
import type { Keys } from './keys.ts'
import { runScript, watchSending } from './run-script.ts'
import { appendScript } from './scripts.ts'

/**
 * Makes a commit durable at its position, or refuses.
 *
 * ioredis sends a call again after a reconnection. The script knows the call by its try, but two
 * answers to such a call prove nothing about the first sending: that the server takes no writes, and
 * that the position was compacted.
 *
 * @throws SluiceError `conflict`, `missing_commit`, `store_full`, `store_read_only`: nothing was
 * written. `append_unknown` for those answers; `store_unreachable`, `store_unauthorized`, `store_failed`.
 */
export async function appendCommit(client: RedisClient, keys: Keys, commit: Commit): Promise<void> {
  const { revision } = commit
  const tryId = randomBytes(9).toString('base64url')
  const args = [`${revision - 1}`, `${revision}`, JSON.stringify(commit), tryId, keys.channel]
  const wasSentOnce = watchSending(client)
  let answer: unknown[]
  try {
    answer = (await runScript(client, appendScript, [keys.log, keys.cut], args)) as unknown[]
  } catch (cause) {
    const error = toRedisError(cause, `append revision ${revision}`)
    throw refusalCodes.has(error.code) && !wasSentOnce() ? unknown(revision, error) : error
  }
  const [said, head] = answer.map(String)
  if (said === 'ok') return
  if (said === 'missing') throw missing(Number(head) + 1)
  const error = conflict(revision, Number(head) + 1)
  throw said === 'compacted' && !wasSentOnce() ? unknown(revision, error) : error
}

function conflict(revision: number, next: number): SluiceError {
  return new SluiceError(
    'conflict',
    `The log takes revision ${next} next, not ${revision}: catch up and try again.`,
  )
}

function unknown(revision: number, cause: SluiceError): SluiceError {
  return new SluiceError(
    'append_unknown',
    `The outcome is open: the connection was lost while revision ${revision} was appended, and ` +
      `then: ${cause.message}`,
    { cause },
  )
}
