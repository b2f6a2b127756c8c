import { SluiceError } from '@sluice/core'
import { type Clock, createEmitter, type Emitter, type Replica, systemClock } from '@sluice/stores'
import type { Router } from '../router.ts'
import { type BrakeSource, followBrake } from './brake.ts'
import { type Attempt, createPump } from './pump.ts'
import { limitRouter } from './router-limit.ts'
import type { Steering, SteeringEvents } from './steering.ts'
import { isSameSplit, isServed, readWanted, type Steered, type Wanted } from './wanted-split.ts'

/** What steering needs of the log: a replica, or anything with these of its members. */
export type SteeringLog = Pick<Replica, 'get' | 'on' | 'head' | 'status' | 'refresh'>

/** Which log, which traffic, which router. */
export type SteerOptions = Steered & {
  readonly replica: SteeringLog
  readonly environment: string
  readonly router: Router
  /** While it is on, the canary gets nothing, whatever the log says: a controller, or anything that tells alike. */
  readonly brake?: BrakeSource
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Time between comparisons of the router with the log, in milliseconds. Default 5,000. */
  readonly everyMs?: number
  /** How long the router may take for one change or one answer, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** How long a newer change waits for an older one that does not end, in milliseconds. Default 1,000. */
  readonly overtakeMs?: number
}

/** A router that restarted serves by its file for this long at most. */
const defaultEveryMs = 5_000
const defaultTimeoutMs = 5_000
/** Of the five minutes in which a rollback is to be executed a second is nothing; of a change under way it is a lot. */
const defaultOvertakeMs = 1_000
/** Longer than any try, and shorter than a person's patience. */
const defaultSettleMs = 30_000

/**
 * Makes a router follow what the log says: on every change at once, and by a comparison every `everyMs`.
 *
 * Only the newest wish counts: a change that hangs is overtaken, and should it end later, the newest is set once more.
 * What fails is tried again, with pauses that grow up to `everyMs`.
 *
 * A share of the canary is raised only on the log's fresh word. Where the store cannot be reached, the router is told
 * what is new in the log, and is lowered; it is never raised again from memory, for another process may have gone back
 * meanwhile. With a service's record, which may have changed sides, nothing is repaired from memory.
 *
 * Any number of processes may steer one router.
 *
 * @throws SluiceError `invalid_option`.
 */
export function steerTraffic(options: SteerOptions): Steering {
  const { replica: log, environment, router, clock = systemClock } = options
  const { everyMs = defaultEveryMs, timeoutMs = defaultTimeoutMs } = options
  const { overtakeMs = defaultOvertakeMs } = options
  for (const [name, value] of Object.entries({ everyMs, timeoutMs, overtakeMs })) {
    if (!(value > 0)) throw invalidTime(name, value)
  }
  const events: Emitter<SteeringEvents> = createEmitter((_, cause) => events.tell('error', cause))
  const brake = followBrake(options.brake, {
    environment,
    name: options.flag ?? options.service,
    // Released, it is no news of the log: that is asked before the canary gets anything again.
    onChange: () => wake(),
  })
  const pump = createPump({
    apply,
    clock,
    timeoutMs,
    overtakeMs,
    maxPauseMs: everyMs,
    events,
    wake,
  })

  let isClosed = false
  /** The wish that the log has just told: it needs no second look at the log. */
  let told: Wanted | undefined
  let toldFault = ''
  /** How often the router's own word, or a change that it took, has shown what it has. */
  let confirmations = 0
  let comparing: Promise<void> | undefined
  const waiters = new Set<{
    readonly since: number
    resolve(): void
    reject(error: unknown): void
  }>()

  function readLog(): Wanted | undefined {
    if (log.head.revision === 0 && log.status !== 'live') return undefined
    try {
      const wanted = readWanted(log, environment, options, brake.isOn)
      toldFault = ''
      return wanted
    } catch (error) {
      const fault = String(error)
      if (fault !== toldFault) events.tell('error', error)
      toldFault = fault
      return undefined
    }
  }

  function heed(): void {
    const wanted = readLog()
    // A replica that catches up tells what was true in between.
    const isNow = log.status === 'live'
    told = isNow || (wanted?.percent === 0 && options.service === undefined) ? wanted : undefined
    wake()
  }

  function wake(): void {
    if (isClosed) return
    const wanted = readLog()
    if (wanted === undefined) return
    pump.want(wanted.split)
    settleWaiters()
  }

  /** Whether this wish may be given to the router as this process remembers it. */
  function mayApply(wanted: Wanted): boolean {
    const isNews = told !== undefined && isSameSplit(told.split, wanted.split)
    if (wanted.percent > 0) return isNews
    return isNews || brake.isOn || options.service === undefined
  }

  async function apply({ split, mayBegin }: Attempt): Promise<'applied' | 'changed'> {
    // Several commits may come at once, and each is told: only the last counts.
    await Promise.resolve()
    const before = readLog()
    if (before !== undefined && !mayApply(before)) await log.refresh()
    const wanted = readLog()
    if (wanted === undefined || !isSameSplit(split, wanted.split) || !mayBegin()) return 'changed'
    // News is used once: what is tried again may be old by then. What goes down stays news.
    if (wanted.percent > 0) told = undefined
    await router.apply(split)
    confirmations += 1
    return 'applied'
  }

  /** Asks the router what it has, where it can say so. */
  function compare(): Promise<void> {
    comparing ??= lookAtRouter().finally(() => {
      comparing = undefined
    })
    return comparing
  }

  async function lookAtRouter(): Promise<void> {
    if (router.read === undefined) return wake()
    const begun = pump.changes
    try {
      const found = await limitRouter(clock, timeoutMs, router.read())
      // Whatever was changed meanwhile, the answer may be of before.
      if (isClosed || pump.changes !== begun) return
      const wanted = readLog()
      if (wanted === undefined) return
      if (isServed(wanted.split, found)) {
        confirmations += 1
        pump.confirm(wanted.split)
      } else if (pump.has(wanted.split)) {
        events.tell('drift', { wanted: wanted.split, found, at: clock.now() })
        pump.doubt()
      }
    } catch (error) {
      events.tell('error', error)
    } finally {
      wake()
    }
  }

  function isSettled(): boolean {
    const wanted = readLog()
    return wanted !== undefined && pump.has(wanted.split)
  }

  function settleWaiters(): void {
    if (waiters.size === 0 || !isSettled()) return
    for (const waiter of waiters) {
      if (router.read === undefined || confirmations > waiter.since) waiter.resolve()
    }
  }

  let cancelBeat = () => {}
  function beat(): void {
    cancelBeat = clock.after(everyMs, async () => {
      await compare()
      if (!isClosed) beat()
    })
  }

  const unsubscribe = [log.on('change', heed), log.on('reset', wake), log.on('status', wake)]
  wake()
  beat()

  return {
    get wanted() {
      return readLog()?.split
    },
    get inForce() {
      return pump.inForce
    },

    async settled({ timeoutMs: limitMs = defaultSettleMs } = {}) {
      if (isClosed) throw closed(router)
      const since = confirmations
      const settled = new Promise<void>((resolve, reject) => {
        const waiter = {
          since,
          resolve: () => end(resolve),
          reject: (e: unknown) => end(() => reject(e)),
        }
        const cancel = clock.after(limitMs, () => waiter.reject(notSettled(router, limitMs)), {
          keepsAlive: true,
        })
        waiters.add(waiter)
        function end(finish: () => void): void {
          cancel()
          waiters.delete(waiter)
          finish()
        }
      })
      wake()
      void compare()
      await settled
    },

    on: events.on,
    off: events.off,

    async close() {
      isClosed = true
      cancelBeat()
      brake.stop()
      for (const end of unsubscribe) end()
      for (const waiter of waiters) waiter.reject(closed(router))
      await pump.close()
    },
  }
}

function invalidTime(name: string, found: number): SluiceError {
  return new SluiceError('invalid_option', `${name} must be a number above 0, not ${found}.`, {
    pointer: `/${name}`,
    expected: 'a number above 0',
    found: String(found),
  })
}

function notSettled(router: Router, limitMs: number): SluiceError {
  return new SluiceError(
    'not_settled',
    `The router ${router.name} does not have what the log says after ${limitMs} ms; the steering's event "error" says why.`,
  )
}

function closed(router: Router): SluiceError {
  return new SluiceError('steering_closed', `The steering of ${router.name} is closed.`)
}
