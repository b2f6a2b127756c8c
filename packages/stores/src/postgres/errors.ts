import { isSluiceError, SluiceError } from '@sluice/core'

/**
 * The driver's error as one of ours, with the remedy.
 *
 * @param table For the message.
 * @param doing What was tried, for the message: `append revision 7`.
 */
export function toPostgresError(cause: unknown, table: string, doing: string): SluiceError {
  if (isSluiceError(cause)) return cause
  const [code, remedy] = remedyOf(cause)
  const { message } = cause as { message?: unknown }
  const because = [codeOf(cause), message].filter(Boolean).join(': ')
  return new SluiceError(code, `Could not ${doing} in ${table} (${because}). ${remedy}`, { cause })
}

/** The server's SQLSTATE; undefined where the error is not the server's. */
export function sqlStateOf(cause: unknown): string | undefined {
  const code = codeOf(cause)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (cause as object)
    ? code
    : undefined
}

type Remedy = readonly [code: string, remedy: string]

const unreachable: Remedy = [
  'store_unreachable',
  'The server cannot be used now; tries go on. Where it stays so, check its address and its log.',
]

const unauthorized: Remedy = [
  'store_unauthorized',
  'Check the user, its password and pg_hba.conf, and that it has the grants which the store needs.',
]

const missing: Remedy = [
  'store_missing',
  'Call createSchema() once, or run its SQL in your migrations; check the database and search_path.',
]

const remedies: { readonly [sqlState: string]: Remedy } = {
  '28P01': unauthorized,
  '28000': unauthorized,
  '42501': unauthorized,
  '42P01': missing,
  '3F000': missing,
  '3D000': missing,
  '53100': ['store_full', 'Free space on the disk of the server.'],
  '25006': [
    'store_read_only',
    'It is a standby, or default_transaction_read_only is on: connect to the primary.',
  ],
  '22P05': [
    'store_unsupported',
    'The encoding of the database does not have every character: use a database with UTF8.',
  ],
}

/** Classes of SQLSTATE that say "not now": connection, rollback, resources, intervention. */
const passing = /^(08|40|53|55|57)/

function remedyOf(cause: unknown): Remedy {
  const state = sqlStateOf(cause)
  if (state === undefined) {
    // The driver itself refuses to go on without a password, or with a server it cannot believe.
    return /^SASL/.test(String((cause as Error | undefined)?.message)) ? unauthorized : unreachable
  }
  // A disk that is full under the server's own log ends the server in the middle of a commit (PANIC):
  // only of a plain ERROR is it certain that nothing was written.
  const { severity } = cause as { severity?: unknown }
  if (state === '53100' && severity !== 'ERROR') return unreachable
  const known = remedies[state]
  if (known !== undefined) return known
  return passing.test(state) ? unreachable : ['store_failed', 'See the cause.']
}

function codeOf(cause: unknown): string | undefined {
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
