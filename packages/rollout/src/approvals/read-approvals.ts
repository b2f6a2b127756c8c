import { isSluiceError, SluiceError } from '@sluice/core'
import type { KeyedEntry, Replica } from '@sluice/stores'
import { type Approval, approvalKey } from './approval.ts'
import { parseApproval } from './approval-schema.ts'

/** What approvals need of the log: a replica, or anything with these of its members. */
export type ApprovalLog = Pick<
  Replica,
  'head' | 'status' | 'get' | 'entries' | 'refresh' | 'commit' | 'on'
>

/** The requests in the log, read once for each revision. */
export interface ApprovalReader {
  /** Those that can be read, oldest first. */
  all(): readonly Approval[]
  /** @throws SluiceError `approval_not_found`, `invalid_approval`. */
  get(id: string): Approval
}

/** @param onUnreadable Hears, once for each value, of a record that cannot be read. It approves nothing. */
export function createApprovalReader(
  log: Pick<Replica, 'head' | 'entries' | 'get'>,
  onUnreadable: (error: SluiceError) => void,
): ApprovalReader {
  // Values in the log are frozen: the same object is the same record.
  const parsed = new WeakMap<object, Approval | SluiceError>()
  let read: { readonly hash: string; readonly approvals: readonly Approval[] } | undefined

  function parse({ key, value }: Pick<KeyedEntry, 'key' | 'value'>): Approval | SluiceError {
    const id = key.slice(approvalKey('').length)
    const known = isObject(value) ? parsed.get(value) : undefined
    if (known !== undefined) return known
    let result: Approval | SluiceError
    try {
      result = parseApproval(value, id)
    } catch (error) {
      if (!isSluiceError(error)) throw error
      result = error
    }
    if (isObject(value)) parsed.set(value, result)
    if (isSluiceError(result)) onUnreadable(result)
    return result
  }

  return {
    all() {
      const { hash } = log.head
      if (read?.hash !== hash) {
        const entries = log.entries(approvalKey('')).map(parse)
        const approvals = entries.filter((entry): entry is Approval => !isSluiceError(entry))
        read = { hash, approvals: approvals.sort((one, other) => one.askedAt - other.askedAt) }
      }
      return read.approvals
    },

    get(id) {
      const entry = log.get(approvalKey(id))
      if (entry === undefined) throw notFound(id)
      const approval = parse({ key: approvalKey(id), value: entry.value })
      if (isSluiceError(approval)) throw approval
      return approval
    },
  }
}

function notFound(id: string): SluiceError {
  const message = `There is no request for approval ${JSON.stringify(id)} in the log: list them to find it.`
  return new SluiceError('approval_not_found', message, { found: id })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
