import { SluiceError } from '@sluice/core'
import type { HealthRecorder } from '@sluice/guards'
import { type Clock, type Exchange, systemClock } from '@sluice/stores'
import { hasNoExchange } from './has-no-exchange.ts'
import { healthKey, type ProcessIdentity, writeReport } from './health-report.ts'

/** What a process shares of its health, and where. */
export interface ShareHealthOptions extends ProcessIdentity {
  readonly exchange: Exchange
  readonly environment: string
  /** Asked each time: the flags somebody wants to know of, with what this process counted for them. */
  readonly recorders: () => Iterable<readonly [flag: string, recorder: HealthRecorder]>
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Time between reports in milliseconds. Default 1,000. */
  readonly everyMs?: number
  /** How long a report is to be seen without another. Default 15,000. */
  readonly ttlMs?: number
  /** Told when reports begin to fail; not of each. */
  readonly onError?: (error: SluiceError) => void
}

/** Guards look once a second. */
const defaultEveryMs = 1_000
/** Some lost reports, or a long pause of the process, do not make it vanish. */
const defaultTtlMs = 15_000
/** A process that ends waits no longer to tell its last counts. */
const farewellMs = 1_000

/**
 * Reports what this process counted to the others, each second, until it is stopped.
 *
 * It never waits for a report longer than it is to be seen: one that hangs is left behind, and where it
 * arrives late after all, its sequence gives it away.
 *
 * @returns What stops it, after a last report.
 */
export function shareHealth(options: ShareHealthOptions): () => Promise<void> {
  const { exchange, environment, recorders, processId, incarnation } = options
  const { clock = systemClock, everyMs = defaultEveryMs, ttlMs = defaultTtlMs } = options
  const { onError = () => {} } = options
  const startedAt = clock.now()
  let sequence = 0
  let isFailing = false
  let isStopped = false
  let cancel = clock.after(everyMs, beat)

  async function beat(): Promise<void> {
    await report(ttlMs, false)
    if (!isStopped) cancel = clock.after(everyMs, beat)
  }

  /** Never rejects. @param limitMs The longest it takes. @param keepsAlive Whether somebody awaits it. */
  async function report(limitMs: number, keepsAlive: boolean): Promise<void> {
    const error = await within(limitMs, publishAll(), keepsAlive)
    const isLost = error !== undefined && !hasNoExchange(error)
    if (isLost && !isFailing) onError(unshared(error))
    isFailing = isLost
  }

  /** What throws at once is a report that failed, as any other. */
  async function publishAll(): Promise<void> {
    await Promise.all([...recorders()].map(publish))
  }

  async function publish([flag, recorder]: readonly [string, HealthRecorder]): Promise<void> {
    sequence += 1
    const sentAt = clock.now()
    const countedMs = Math.max(0, sentAt - startedAt)
    const report = { processId, incarnation, sequence, countedMs, sentAt, counts: recorder.read() }
    await exchange.publish(healthKey(environment, flag, processId), writeReport(report), ttlMs)
  }

  /** What went wrong; undefined where nothing did. */
  function within(
    limitMs: number,
    published: Promise<unknown>,
    keepsAlive: boolean,
  ): Promise<unknown> {
    return new Promise((resolve) => {
      const giveUp = () => resolve(`no answer within ${limitMs} ms`)
      const end = clock.after(limitMs, giveUp, { keepsAlive })
      published.then(
        () => resolve(undefined),
        (error) => resolve(error ?? 'unknown'),
      )
      void published.catch(() => {}).finally(end)
    })
  }

  return async () => {
    if (isStopped) return
    isStopped = true
    cancel()
    await report(farewellMs, true)
  }
}

function unshared(cause: unknown): SluiceError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError(
    'health_not_shared',
    `What this process counts does not reach the others: ${text}. It is tried again each second.`,
    { cause },
  )
}
