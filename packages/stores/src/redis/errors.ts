import { isSluiceError, SluiceError } from '@sluice/core'

/**
 * What the client threw as one of our errors, with the remedy.
 *
 * @param doing What was tried, for the message: `append revision 7`.
 */
export function toRedisError(cause: unknown, doing: string): SluiceError {
  if (isSluiceError(cause)) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  const [code, remedy] = findRemedy(text)
  return new SluiceError(code, `Redis could not ${doing}: ${text} ${remedy}`, { cause })
}

function findRemedy(text: string): Remedy {
  // Redis 7.0 has no code for what a script's user may not do.
  if (text.includes('The user executing the script')) return unauthorized
  return remedies[findReplyCode(text)] ?? unreachable
}

/**
 * The code in an error reply; empty where the error is not one, but of the connection.
 *
 * It comes first, or behind a colon or a dash: where Redis 6 wraps an error from within a script, and
 * where ioredis tells what a check of a new connection met.
 */
function findReplyCode(text: string): string {
  const found = /(?:^|-|: )([A-Z]{3,}) /g
  const codes = Array.from(text.matchAll(found), ([, code = '']) => code)
  return codes.find((code) => code !== 'ERR' && code in remedies) ?? codes[0] ?? ''
}

type Remedy = readonly [code: string, remedy: string]

const unreachable: Remedy = [
  'store_unreachable',
  'The last known state stays in service; the client connects again by itself.',
]

const full = (what: string): Remedy => [
  'store_full',
  `${what} Reading goes on, and compaction frees what a snapshot holds.`,
]

const unauthorized: Remedy = [
  'store_unauthorized',
  'Check the user name and password of the client, and that its ACL allows the commands and keys ' +
    'named in docs/stores/redis.md.',
]

const remedies: { readonly [reply: string]: Remedy } = {
  READONLY: [
    'store_read_only',
    'This server is a replica: connect to the primary, or let Sentinel or the cluster find it.',
  ],
  NOREPLICAS: [
    'store_read_only',
    'min-replicas-to-write is not met: bring the replicas back, or lower it.',
  ],
  OOM: full('Raise maxmemory.'),
  MISCONF: full(
    'The server cannot write to its disk: free space on it and look at the server log.',
  ),
  NOAUTH: unauthorized,
  WRONGPASS: unauthorized,
  NOPERM: unauthorized,
  LOADING: unreachable,
  BUSY: unreachable,
  MASTERDOWN: unreachable,
  CLUSTERDOWN: unreachable,
  TRYAGAIN: unreachable,
  WRONGTYPE: ['store_failed', 'Something else uses a key of this prefix: choose another prefix.'],
  ERR: ['store_failed', 'Redis 6.2 or newer is needed; see the cause.'],
}
