import { SluiceError } from '@sluice/core'
import type { Clock, Store } from '@sluice/stores'
import type { ModelLog } from './model-log.ts'
import type { Weather } from './weather.ts'

/** A process's way to the shared log, on which everything may go wrong that can between two machines. */
export interface Connection extends Store {
  /** How many calls went wrong, or were late enough to look so. */
  readonly troubles: number
}

/** What the way leads through. */
export interface ConnectionOptions {
  readonly log: ModelLog
  readonly clock: Clock
  readonly random: () => number
  /** Asked at each call. */
  readonly weather: () => Weather
  /** From when on a call was so late that somebody may have given it up. */
  readonly patienceMs: number
}

/** What becomes of a call. */
type Fate = 'well' | 'lost_before' | 'lost_after' | 'swallowed' | 'unanswered'

/** Leads a process to the log. */
export function connect(options: ConnectionOptions): Connection {
  const { log, clock, random, weather, patienceMs } = options
  let troubles = 0

  const happens = (probability: number) => random() < probability

  function drawFate(): Fate {
    const { lostBefore, lostAfter, silent } = weather()
    if (happens(lostBefore)) return 'lost_before'
    if (happens(lostAfter)) return 'lost_after'
    if (happens(silent)) return happens(0.5) ? 'swallowed' : 'unanswered'
    return 'well'
  }

  /** Some turns of the event loop, or some time; at worst longer than anybody waits. */
  async function travel(): Promise<void> {
    const { slow, stuck } = weather()
    if (happens(stuck)) {
      troubles += 1
      return wait(random() * 3 * patienceMs)
    }
    if (happens(slow)) {
      // Two in one call may last longer than its caller's patience, but not these.
      return wait(random() * (patienceMs / 4))
    }
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await undefined
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => void clock.after(ms, resolve))
  }

  /** Makes a call whose effect happens at one instant somewhere between its beginning and its end. */
  async function call<T>(effect: () => T): Promise<T> {
    const { era } = log
    const fate = drawFate()
    if (fate !== 'well') troubles += 1
    await travel()
    if (fate === 'lost_before') throw trouble(random)
    if (fate === 'swallowed') return new Promise<never>(() => {})
    assertSame(era)
    const result = effect()
    await travel()
    if (fate === 'lost_after') throw new Error('the answer was lost')
    if (fate === 'unanswered') return new Promise<never>(() => {})
    // A snapshot made from a late answer may take the place of the one that stands for what was dropped.
    if (log.cut.revision > 0) assertSame(era)
    return result
  }

  /** Whoever replaces a log stops its server, and with it everything under way. */
  function assertSame(era: number): void {
    if (era === log.era) return
    troubles += 1
    throw new Error('the server was stopped')
  }

  /** A hint that may be lost, doubled or late, and may come after nobody wants it any more. */
  function hint(wake: () => void): void {
    const { lostWake, lateWake } = weather()
    if (happens(lostWake)) return
    const times = happens(0.2) ? 2 : 1
    for (let time = 0; time < times; time += 1) {
      if (happens(lateWake)) clock.after(random() * 2 * patienceMs, wake)
      else wake()
    }
  }

  return {
    get troubles() {
      return troubles
    },
    read: (after, limit) => call(() => log.read(after, limit)),
    append: (commit) => call(() => log.append(commit)),
    readSnapshot: () => call(() => log.snapshot),
    writeSnapshot: (snapshot) => call(() => log.writeSnapshot(snapshot)),
    watch: (wake) => call(() => log.onAppend(() => hint(wake))),
    close: async () => {},
  }
}

/** Before it took effect a call may fail in any way, by name or not. */
function trouble(random: () => number): Error {
  const codes = ['store_full', 'store_read_only', 'store_unreachable', undefined, undefined]
  const code = codes[Math.floor(random() * codes.length)]
  if (code === undefined) return new Error('the way was lost')
  return new SluiceError(code, 'as the schedule wants it')
}
