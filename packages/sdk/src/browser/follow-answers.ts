import type { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { type FetchedSheet, unreadable } from './fetch-sheet.ts'
import type { Locks, Source, SourceClass, SourceEvent } from './platform.ts'
import { takeSlot } from './stream-slot.ts'

/** How answers are followed. */
export interface Following {
  /** Where the stream is, as of now: it names the sheet in service. */
  readonly url: () => string
  readonly eventSource: SourceClass | undefined
  readonly locks: Locks | undefined
  readonly withCredentials: boolean
  readonly load: () => Promise<FetchedSheet>
  /** Takes what came into service. @returns whether it is a sheet. */
  readonly take: (fetched: FetchedSheet) => boolean
  readonly tell: (status: 'live' | 'stale') => void
  readonly report: (error: SluiceError) => void
  readonly pollMs: number
  readonly clock: Clock
  readonly random: () => number
}

/** What follows answers, from the moment it is made. */
export interface Follower {
  /** Looks again now, with all patience new. */
  begin(): void
  /** Lets go of the connection; answers are stale from now on. */
  pause(): void
  stop(): void
}

/** The pause before the first reconnect, doubled by each failure. */
const firstPauseMs = 1_000

/** The longest, so that the end of an outage is seen soon. */
const maxPauseMs = 30_000

/** Below any pause that somebody means: a `pollMs` of 0, or of no number, must not ask without end. */
const minPauseMs = 100

/** A stream that ends sooner has not proved that streams hold here: the next one waits longer. */
const briefMs = 5_000

/** A proxy may hold a stream back without an error; its first word comes at once from a server that it reaches. */
const firstWordMs = 10_000

/** A stream that does not come through is tried again after 1, 2, 4 … polls, at most so many. */
const mostSkipped = 32

/**
 * Follows the answers of one user: by a stream, and by polling while a stream cannot be had.
 *
 * Whatever ends a stream, it opens the next one itself: `EventSource` alone gives up at the first answer that is an
 * error, and comes back in one wave with all the others where it does not.
 */
export function followAnswers(following: Following): Follower {
  const { eventSource, locks, load, take, tell, report, pollMs, clock, random } = following
  let turn = 0
  let failures = 0
  let briefStreams = 0
  let lostStreams = 0
  let toSkip = 0
  let release = () => {}
  let cancelTimer = () => {}

  /** Ends whatever is under way; what still comes of it counts for nothing. */
  function end(): number {
    cancelTimer()
    release()
    release = () => {}
    turn += 1
    return turn
  }

  function later(pauseMs: number): void {
    end()
    // Half fixed, half random, so that a fleet does not come back in one wave.
    const spreadMs = Math.max(minPauseMs, pauseMs * (0.5 + random() / 2)) || maxPauseMs
    cancelTimer = clock.after(spreadMs, () => void look())
  }

  async function look(): Promise<void> {
    const mine = end()
    if (eventSource === undefined || toSkip > 0) {
      toSkip -= 1
      return poll(mine)
    }
    const giveBack = await takeSlot(locks)
    if (turn !== mine) return giveBack?.()
    if (giveBack === undefined) return poll(mine)
    release = giveBack
    open(eventSource)
  }

  function open(EventSource: SourceClass): void {
    try {
      listen(new EventSource(following.url(), { withCredentials: following.withCredentials }))
    } catch {
      // A page's policy may forbid it, and allow `fetch`.
      skipStreams()
    }
  }

  function listen(source: Source): void {
    const mine = turn
    const giveBack = release
    release = () => {
      source.close()
      giveBack()
    }
    const openedAt = clock.now()
    let hasSpoken = false
    let silenceMs = firstWordMs
    const on = (type: string, hear: (event: SourceEvent) => void) =>
      source.addEventListener(type, (event) => {
        if (turn === mine) hear(event)
      })
    const lose = () => {
      if (!hasSpoken) return skipStreams()
      briefStreams = clock.now() - openedAt < briefMs ? briefStreams + 1 : 0
      later(pauseAfter(briefStreams))
    }
    const live = () => {
      hasSpoken = true
      failures = 0
      lostStreams = 0
      tell('live')
      expect()
    }
    const expect = () => {
      // Who was told may have stopped this.
      if (turn !== mine) return
      cancelTimer()
      cancelTimer = clock.after(silenceMs, lose)
    }
    on('error', lose)
    on('beat', ({ data }) => {
      // So much silence is death: three heartbeats were lost.
      silenceMs = Number(data) * 3 || silenceMs
      live()
    })
    on('sheet', ({ data, lastEventId }) => {
      const isSheet = take({ sheet: parse(data), tag: lastEventId || undefined })
      if (turn !== mine) return
      if (isSheet) return live()
      report(unreadable(following.url(), 'what its stream says is none'))
      if (turn === mine) skipStreams()
    })
    expect()
  }

  function skipStreams(): void {
    toSkip = Math.min(mostSkipped, 2 ** lostStreams)
    lostStreams += 1
    void poll(end())
  }

  async function poll(mine: number): Promise<void> {
    try {
      const fetched = await load()
      if (turn !== mine) return
      if (!take(fetched)) throw unreadable(following.url(), 'what came is none')
      if (turn !== mine) return
      failures = 0
      tell('live')
      if (turn === mine) later(pollMs)
    } catch (error) {
      if (turn !== mine) return
      failures += 1
      // Once the server is back, a stream is the first that is tried.
      toSkip = 0
      tell('stale')
      report(error as SluiceError)
      if (turn === mine) later(pauseAfter(failures))
    }
  }

  function begin(): void {
    failures = 0
    briefStreams = 0
    lostStreams = 0
    toSkip = 0
    void look()
  }

  begin()
  return {
    begin,
    pause() {
      end()
      tell('stale')
    },
    stop: () => void end(),
  }
}

/** 1, 2, 4 … seconds, after so many failures in a row. */
function pauseAfter(failures: number): number {
  return Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(Math.max(0, failures - 1), 10))
}

function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data))
  } catch {
    return undefined
  }
}
