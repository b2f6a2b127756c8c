import { SluiceError } from '@sluice/core'
import type { ProcedureOptions } from './procedure-contract.ts'

/** Three signs of life may be lost until another process takes over. */
export const defaultHeartbeatMs = 20_000
export const defaultStaleAfterMs = 60_000

/**
 * Refuses what cannot be a procedure.
 *
 * @throws SluiceError `invalid_procedure` with pointer, expected and found.
 */
export function checkProcedure(options: ProcedureOptions): void {
  const { key, steps, tickMs } = options
  const { heartbeatMs = defaultHeartbeatMs, staleAfterMs = defaultStaleAfterMs } = options
  if (!/^[^/]+\/.+$/.test(key)) throw refuse('/key', 'a key such as procedure/<id>', key)
  if (steps.length === 0) throw refuse('/steps', 'at least one step', steps)
  for (const [index, { name }] of steps.entries()) {
    const pointer = `/steps/${index}/name`
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw refuse(pointer, 'a name in lower snake case', name)
    const first = steps.findIndex((other) => other.name === name)
    if (first !== index) throw refuse(pointer, 'each name once', name)
  }
  for (const [index, step] of steps.entries()) {
    const { timeoutMs, undoTimeoutMs, retries, undoRetries, retryDelayMs } = step
    const at = `/steps/${index}`
    checkTime(`${at}/timeoutMs`, timeoutMs)
    checkTime(`${at}/undoTimeoutMs`, undoTimeoutMs)
    checkTime(`${at}/retryDelayMs`, retryDelayMs)
    checkCount(`${at}/retries`, retries)
    checkCount(`${at}/undoRetries`, undoRetries)
  }
  checkTime('/tickMs', tickMs)
  checkTime('/heartbeatMs', heartbeatMs)
  checkTime('/staleAfterMs', staleAfterMs)
  // An owner whose next sign of life is later than that is taken for dead while it works.
  if (staleAfterMs <= heartbeatMs) {
    throw refuse('/staleAfterMs', `more than heartbeatMs, ${heartbeatMs}`, staleAfterMs)
  }
}

function checkTime(pointer: string, ms: number | undefined): void {
  if (ms === undefined || (ms > 0 && ms < Number.POSITIVE_INFINITY)) return
  throw refuse(pointer, 'a time in milliseconds above 0', ms)
}

function checkCount(pointer: string, count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count >= 0)) return
  throw refuse(pointer, 'a whole number from 0', count)
}

function refuse(pointer: string, expected: string, found: unknown): SluiceError {
  const shown = typeof found === 'number' ? String(found) : JSON.stringify(found)
  return new SluiceError(
    'invalid_procedure',
    `The procedure is refused at ${pointer}: expected ${expected}, found ${shown}.`,
    { pointer, expected, found: shown },
  )
}
