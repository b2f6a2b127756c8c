import { isSluiceError, type Json } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import type { RolloutLog } from '../controller/journal.ts'
import {
  type AlertRecord,
  mergeRecords,
  parseAlertRecord,
  type WrittenRecord,
} from './alert-record.ts'
import { silentForMs } from './next-alerts.ts'

/** A record to be written, and on what it rests. */
export interface Writing {
  readonly record: AlertRecord
  /** The revision it was decided at. */
  readonly revision: number
  /** Unique. The same at every try of the same writing. */
  readonly id: string
  /** One line for the log. */
  readonly reason: string
}

/**
 * How a writing ended: it stands in the log; another one came first; it is to be tried again; or the log
 * cannot be written, and this process keeps it for itself.
 */
export type Written = 'recorded' | 'lost' | 'again' | 'unrecorded'

/** What was told of one flag in one environment: in the log, and beside it while that cannot be written. */
export interface AlertBook {
  read(): { readonly record: AlertRecord | undefined; readonly revision: number }
  /** Never rejects, and takes no longer than {@link silentForMs}. */
  write(writing: Writing): Promise<Written>
  /** What is being written has a second left. */
  close(): void
}

/** A process that ends waits no longer for the log. */
const farewellMs = 1_000

/** @param options.onError Told once for as long as the log cannot be written: why. */
export function createAlertBook(options: {
  readonly log: RolloutLog
  readonly clock: Clock
  readonly environment: string
  readonly flag: string
  readonly actor: string
  readonly onError: (cause: unknown) => void
}): AlertBook {
  const { log, clock, environment, flag, actor, onError } = options
  const key = `alert/${environment}/${flag}`
  /** What was told while the log could not be written, until it stands there. */
  let own: Writing | undefined
  /** A commit on its way, be it one that nobody waits for any more. */
  let flight: Promise<Written> | undefined
  let isDown = false
  let isClosed = false
  let failure: unknown
  let down = createSignal()
  let cancelDown: (() => void) | undefined
  let cancelFlush: (() => void) | undefined

  function read(): { record: AlertRecord | undefined; revision: number } {
    const { revision } = log.head
    const logged = findLogged()
    if (own === undefined || logged === undefined)
      return { record: own?.record ?? logged, revision }
    if (own.record.rollout === logged.rollout) {
      return { record: mergeRecords(logged, own.record), revision }
    }
    // Of two rollouts, the one that was written of after the other was told.
    const isNewer = (log.get(key)?.revision ?? 0) > own.revision
    return { record: isNewer ? logged : own.record, revision }
  }

  function findLogged(): WrittenRecord | undefined {
    return parseAlertRecord(log.get(key)?.value)
  }

  async function commit(writing: Writing): Promise<Written> {
    const { record, revision, id, reason } = writing
    const value = { ...record, writing: id } as unknown as Json
    try {
      await log.commit(
        { actor, action: 'tell_alert', reason, environment, changes: [{ key, value }] },
        { dependsOn: [key], basedOn: revision },
      )
      return markUp('recorded')
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'conflict') throw error
    }
    await log.refresh()
    // A try before this one may be what it lost against.
    return markUp(findLogged()?.writing === id ? 'recorded' : 'lost')
  }

  /** Answers when the log does, however long that takes. Never rejects. */
  function fly(writing: Writing): Promise<Written> {
    cancelDown ??= clock.after(silentForMs, markDown)
    flight = commit(writing)
      .catch((error: unknown): Written => {
        failure = error
        return 'again'
      })
      .finally(() => {
        flight = undefined
      })
    return flight
  }

  function markDown(): void {
    isDown = true
    onError(failure ?? new Error(`the log did not answer within ${silentForMs / 1_000} s`))
    down.give()
  }

  function markUp(outcome: Written): Written {
    cancelDown?.()
    cancelDown = undefined
    failure = undefined
    if (isDown) down = createSignal()
    isDown = false
    return outcome
  }

  function keep(writing: Writing): Written {
    own = writing
    flushLater()
    return 'unrecorded'
  }

  function flushLater(): void {
    if (!isClosed) cancelFlush ??= clock.after(silentForMs, flush)
  }

  /** What was kept goes to the log as soon as that can be written: others shall know of it. */
  async function flush(): Promise<void> {
    cancelFlush = undefined
    const kept = own
    const { record, revision } = read()
    if (kept === undefined || record === undefined) return
    if (findLogged()?.writing === kept.id) own = undefined
    else if (flight === undefined) {
      const outcome = await fly({ ...kept, record, revision })
      if (outcome === 'recorded' && own === kept) own = undefined
    }
    if (own !== undefined) flushLater()
  }

  return {
    read,

    async write(writing) {
      if (!isDown && flight === undefined) {
        const outcome = await Promise.race([fly(writing), down.given])
        // What was kept is part of what was decided from.
        if (outcome === 'recorded') own = undefined
        if (outcome === 'recorded' || outcome === 'lost') return outcome
      }
      return isDown ? keep(writing) : 'again'
    },

    close() {
      isClosed = true
      cancelFlush?.()
      cancelDown?.()
      if (flight !== undefined) cancelDown = clock.after(farewellMs, markDown, { keepsAlive: true })
    },
  }
}

function createSignal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}
