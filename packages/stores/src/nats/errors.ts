import { SluiceError } from '@sluice/core'

/** An error of the client, as far as it is looked at. */
interface ClientError {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
}

type Verdict = readonly [code: string, remedy: string]

/**
 * The client's error as one of ours, with the remedy.
 *
 * @param doing What was tried, for the message: `append revision 7`.
 */
export function toNatsError(cause: unknown, doing: string): SluiceError {
  const [code, remedy] = judge(cause)
  const text = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError(code, `Could not ${doing} (${text}). ${remedy}`, { cause })
}

/** Whether the stream does not end where the message had to follow. Then it was not taken. */
export function isWrongSequence(error: unknown): boolean {
  const { code } = innermost(error)
  return code === 10_071 || code === 10_164
}

const unreachable: Verdict = [
  'store_unreachable',
  'The NATS server or the leader of the stream did not answer; tries go on. Should it last, look at ' +
    'the server, and connect with { maxReconnectAttempts: -1 }.',
]

const missing: Verdict = [
  'store_missing',
  'Make the streams once with store.createStreams(), or look at the name, the account and the domain.',
]

const unauthorized: Verdict = [
  'store_unauthorized',
  'Look at the credentials of the connection and the permissions of its user. A connection that was ' +
    'closed must be made anew.',
]

const full: Verdict = [
  'store_full',
  "Raise the limits of the stream or of the account, or free the server's disk; compaction drops " +
    'commits that a snapshot holds.',
]

const failed: Verdict = ['store_failed', 'See the cause.']

/** By the server's error codes (nats-server, server/errors.json). */
const verdicts: { readonly [code: number]: Verdict } = {
  10002: full, // resource limits exceeded for account
  10023: full, // insufficient resources
  10028: full, // insufficient memory resources available
  10047: full, // insufficient storage resources available
  10039: missing, // JetStream not enabled for account
  10059: missing, // stream not found
  10060: missing, // another stream than expected has the subject
  10008: unreachable, // JetStream system temporarily unavailable
  10009: unreachable, // JetStream cluster can not handle request
  10076: unreachable, // JetStream not enabled
  10118: unreachable, // stream is offline
}

const unauthorizedNames: ReadonlySet<unknown> = new Set([
  'AuthorizationError',
  'PermissionViolationError',
  'UserAuthenticationExpiredError',
])

const unreachableNames: ReadonlySet<unknown> = new Set([
  'ClosedConnectionError',
  'ConnectionError',
  'DrainingConnectionError',
  'JetStreamNotEnabled',
  'NoResponders',
  'RequestError',
  'TimeoutError',
])

function judge(error: unknown): Verdict {
  const { name, code, message } = innermost(error)
  // The code for whatever a stream's storage says; only its limits are sure to be asked beforehand.
  if (code === 10_077 && /^maximum .* exceeded$/.test(String(message))) return full
  if (typeof code === 'number' && verdicts[code] !== undefined) return verdicts[code]
  if (unauthorizedNames.has(name)) return unauthorized
  return unreachableNames.has(name) ? unreachable : failed
}

/** The client wraps what it was told by the server. */
function innermost(error: unknown): ClientError {
  let inner = error as ClientError
  while (typeof inner?.cause === 'object' && inner.cause !== null) inner = inner.cause
  return inner ?? {}
}
