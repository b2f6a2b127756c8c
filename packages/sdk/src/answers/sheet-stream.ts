import type { Clock } from '@sluice/stores'
import type { AnswerSheet } from '../answer-sheet.ts'
import { eventOf, tagOf } from './sheet-text.ts'

/** One user's event stream. */
export interface SheetStream {
  readonly readable: ReadableStream<Uint8Array>
  /** Says that the answers may be others now; the stream finds out when it is read. */
  wake(): void
  end(): void
}

/** Of what a stream is made. */
export interface SheetStreamOptions {
  /** The user's sheet as it is now. What it throws ends the stream. */
  readonly render: () => AnswerSheet
  /** The tag of the sheet that the reader has. */
  readonly tag: string | undefined
  readonly heartbeatMs: number
  /** The stream ends after so long. */
  readonly lifetimeMs: number
  readonly clock: Clock
  /** Called once, when it has ended in whatever way. */
  readonly onEnd: () => void
}

/** A reader that takes nothing for so many heartbeats is gone, or as good as gone. */
const patienceBeats = 3

/**
 * A stream that holds one event at most. A reader that is slow gets the newest sheet when it reads on, and none of those in
 * between: nothing is rendered for it meanwhile.
 */
export function createSheetStream(options: SheetStreamOptions): SheetStream {
  const { render, heartbeatMs, lifetimeMs, clock, onEnd } = options
  let { tag } = options
  let controller!: ReadableStreamDefaultController<Uint8Array>
  let isOwed = true
  let unread = 0
  let hasEnded = false
  let cancelBeat = () => {}

  const beatEvent = eventOf('beat', String(heartbeatMs))
  const hasRoom = () => !hasEnded && (controller.desiredSize ?? 0) > 0

  function leave(): void {
    if (hasEnded) return
    hasEnded = true
    cancelBeat()
    cancelLifetime()
    onEnd()
  }

  function end(): void {
    if (hasEnded) return
    leave()
    controller.close()
  }

  /** Not an end: who serves it would wait for the reader to take what is left, and the connection would stay for ever. */
  function giveUp(): void {
    leave()
    controller.error(new Error('the reader takes nothing'))
  }

  /** @returns whether there was anything new. */
  function send(): boolean {
    isOwed = false
    const sheet = render()
    const next = tagOf(sheet)
    if (next === tag) return false
    tag = next
    controller.enqueue(eventOf('sheet', JSON.stringify(sheet), next))
    return true
  }

  function sendOrEnd(): boolean {
    try {
      return send()
    } catch {
      // The reader asks anew, and is told then what is wrong.
      end()
      return true
    }
  }

  function beat(): void {
    cancelBeat = clock.after(heartbeatMs, beat)
    // Answers change by the hour, too: a schedule writes nothing to the log.
    isOwed = true
    if (hasRoom()) {
      if (!sendOrEnd()) controller.enqueue(beatEvent)
    } else {
      unread += 1
      if (unread >= patienceBeats) giveUp()
    }
  }

  const readable = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given
        controller.enqueue(beatEvent)
      },
      pull() {
        unread = 0
        if (isOwed && hasRoom()) sendOrEnd()
      },
      cancel: leave,
    },
    { highWaterMark: 1 },
  )
  cancelBeat = clock.after(heartbeatMs, beat)
  const cancelLifetime = clock.after(lifetimeMs, end)
  return {
    readable,
    wake() {
      isOwed = true
      if (hasRoom()) sendOrEnd()
    },
    end,
  }
}
