import { isSluiceError, SluiceError } from '@sluice/core'
import { type Clock, type Commit, createEmitter, type Emitter } from '@sluice/stores'
import { textOf } from '../alerts/text-of.ts'
import { within } from '../controller/deadline.ts'
import { type Approval, approvalKey, isLive } from './approval.ts'
import { type ApprovalNotice, toNotice } from './approval-notice.ts'
import type { ApprovalLog, ApprovalReader } from './read-approvals.ts'
import { toText } from './time-text.ts'
import type { Timekeeper } from './timekeeper.ts'

/** What approvals tell in the process, and with which arguments. */
export interface ApprovalEvents {
  /** A request is new or has changed, by whomever, in whichever process that follows the log. */
  event: (notice: ApprovalNotice) => void
  /** `invalid_approval`, `clock_skew`, `notify_failed`, `listener_failed`. */
  error: (error: SluiceError) => void
}

/** Carries news to people: a message, a page, a mail. */
export type Notify = (notice: ApprovalNotice) => void | Promise<void>

/** Follows the log and tells of requests; knows when each came in. */
export interface ApprovalTeller extends Pick<Emitter<ApprovalEvents>, 'on' | 'off' | 'tell'> {
  /** When this process, in step with the log, saw the request come in. */
  arrivedAt(id: string): number | undefined
  /** Runs a write of this process: its news are told even where the log is not followed. */
  whileWriting<T>(write: () => Promise<T>): Promise<T>
  /** Hands a notice to the hook, without waiting for it. */
  notify(notice: ApprovalNotice): void
  /** Resolves when no hook is under way. */
  stop(): Promise<void>
}

/** Clocks set by NTP differ by less. */
const clockSkewMs = 60_000
/** A person who is told a quarter of a minute later is told; a hook that needs longer hangs. */
const notifyLimitMs = 15_000

/** Begins to follow the log. */
export function createApprovalTeller(options: {
  readonly log: ApprovalLog
  readonly reader: ApprovalReader
  readonly clock: Clock
  readonly time: Timekeeper
  readonly notify: Notify | undefined
  readonly wantsOf: (approval: Approval) => readonly string[]
}): ApprovalTeller {
  const { log, reader, clock, time, notify, wantsOf } = options
  const emitter: Emitter<ApprovalEvents> = createEmitter((name, cause) => {
    const message = `A listener of "${name}" threw: ${textOf(cause)}.`
    emitter.tell('error', new SluiceError('listener_failed', message, { cause }))
  })
  const known = new Map<string, Approval>()
  const arrivals = new Map<string, number>()
  const underWay = new Set<Promise<void>>()
  let isFollowing = false
  let writing = 0

  function learn(): void {
    known.clear()
    for (const approval of reader.all()) known.set(approval.id, approval)
  }

  function follow(commit: Commit, keys: readonly string[]): void {
    time.hear(commit.at)
    const isLiveLog = log.status === 'live'
    for (const key of keys) {
      if (key.startsWith(approvalKey('')))
        take(key.slice(approvalKey('').length), commit, isLiveLog)
    }
    isFollowing ||= isLiveLog
  }

  function take(id: string, { at }: Commit, isLiveLog: boolean): void {
    const before = known.get(id)
    let approval: Approval
    try {
      approval = reader.get(id)
    } catch (error) {
      known.delete(id)
      if (isSluiceError(error) && error.code !== 'approval_not_found') emitter.tell('error', error)
      return
    }
    known.set(id, approval)
    if (!isLive(approval)) arrivals.delete(id)
    else if (before === undefined && isLiveLog) arrive(approval, at)
    // What stood in the log before this process came is no news.
    if (!isLiveLog && !isFollowing && writing === 0) return
    emitter.tell('event', toNotice(approval, before, { at, wants: wantsOf(approval) }))
  }

  function arrive({ id, askedBy }: Approval, at: number): void {
    const now = time.read()
    arrivals.set(id, now.earliest)
    if (Math.abs(now.at - at) <= clockSkewMs) return
    const message = `${askedBy} asked for ${id} at ${toText(at)} by that machine's clock, which is ${toText(now.at)} here: one of the two is wrong, and notices and expiries with it. Set it right.`
    const found = toText(at)
    emitter.tell(
      'error',
      new SluiceError('clock_skew', message, { expected: toText(now.at), found }),
    )
  }

  learn()
  const unsubscribe = [log.on('change', follow), log.on('reset', learn)]

  return {
    on: emitter.on,
    off: emitter.off,
    tell: emitter.tell,
    arrivedAt: (id) => arrivals.get(id),
    async whileWriting(write) {
      writing += 1
      try {
        return await write()
      } finally {
        writing -= 1
      }
    },
    notify(notice) {
      if (notify === undefined) return
      const told = Promise.resolve().then(() => notify(notice))
      const carried: Promise<void> = within(clock, notifyLimitMs, told, 'hook notify')
        .catch((cause: unknown) => {
          const message = `${notice.approval.id}: nobody could be told that ${notice.message} (${textOf(cause)}).`
          emitter.tell('error', new SluiceError('notify_failed', message, { cause }))
        })
        .finally(() => void underWay.delete(carried))
      underWay.add(carried)
    },
    async stop() {
      for (const end of unsubscribe) end()
      await Promise.all(underWay)
    },
  }
}
