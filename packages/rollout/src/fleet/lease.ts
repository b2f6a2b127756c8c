import { type Clock, type Exchange, systemClock } from '@sluice/stores'
import { toExchangeName } from './exchange-name.ts'
import { hasNoExchange } from './has-no-exchange.ts'

/**
 * A soft lease: normally one candidate is on duty.
 *
 * Only work is spared by it. Two may be on duty at once, for a moment or while the exchange is not to be
 * had; what they do must be safe without it.
 */
export interface Lease {
  /**
   * Stands for the lease, and answers whether to act now: at once, from what was last learned.
   *
   * To be called for as long as the candidate wants to act, more often than a third of the lease's
   * time: whoever stops calling lets go of it.
   */
  stand(): boolean
  /** Lets every other candidate go first, for twice the lease's time: of a holder that cannot do the work. */
  yield(): void
  /** Withdraws, so that the next one need not wait for the time to run out. Never rejects. */
  release(): Promise<void>
}

/** How a candidate stands for a lease. */
export interface LeaseOptions {
  /** The candidate; no two may have one name. */
  readonly holder: string
  /** How long a candidate that fell silent still counts. */
  readonly ttlMs: number
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** What a candidate says of itself. */
interface Candidate {
  readonly key: string
  /** When it came on duty, by its own clock; null while it is not. */
  since: number | null
  readonly isYielding: boolean
}

/** A process that ends waits no longer to withdraw. */
const farewellMs = 1_000

/**
 * Creates a candidate for a lease. It does nothing until it stands.
 *
 * Each publishes itself, and looks who else did. Whoever is on duty stays; where two are, the one who came
 * first; where nobody is, the lowest name. A candidate that could learn nothing for a whole `ttlMs`
 * goes on duty: work done twice is better than work not done.
 *
 * @param name Part of an exchange key, with slashes if you like.
 */
export function createLease(exchange: Exchange, name: string, options: LeaseOptions): Lease {
  const { holder, ttlMs, clock = systemClock } = options
  const prefix = `lease/${name}/`
  const key = prefix + toExchangeName(holder)
  let stoodAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let learnedAt = 0
  let yieldsUntil = Number.NEGATIVE_INFINITY
  let since: number | null = null
  let round = 0
  let isAsking = false

  /** Neither a time long past, nor one to come that a clock set back has left. */
  const isWithin = (at: number, lengthMs: number) => Math.abs(clock.now() - at) <= lengthMs

  async function ask(): Promise<void> {
    const mine = begin()
    isAsking = true
    const own = { key, since, isYielding: clock.now() < yieldsUntil }
    try {
      let isFirst = await present(own)
      if (isFirst && own.since === null) {
        // Told before it is acted on: whoever comes a moment later finds the place taken.
        own.since = clock.now()
        isFirst = await present(own)
      }
      if (mine !== round) return
      since = isFirst ? own.since : null
      learnedAt = clock.now()
    } catch (error) {
      // What was learned last holds until its time is over; then it is known that nothing is.
      if (mine === round && hasNoExchange(error)) learnedAt = Number.NEGATIVE_INFINITY
    } finally {
      if (mine === round) isAsking = false
    }
  }

  /** Answers whether the candidate goes before all others. */
  async function present(own: Candidate): Promise<boolean> {
    await exchange.publish(key, { since: own.since, isYielding: own.isYielding }, ttlMs)
    const all = (await exchange.collect(prefix)).flatMap(readCandidate)
    return all.every((other) => other.key === key || isBefore(own, other))
  }

  /** What was asked before is answered to nobody. */
  function begin(): number {
    askedAt = clock.now()
    isAsking = false
    return ++round
  }

  function forget(): void {
    begin()
    since = null
    askedAt = Number.NEGATIVE_INFINITY
  }

  return {
    stand() {
      const now = clock.now()
      if (!isWithin(stoodAt, ttlMs)) {
        // Not a candidate until now, or one that slept: nothing is known, and nothing is held.
        forget()
        learnedAt = now
      }
      stoodAt = now
      const isBlind = !isWithin(learnedAt, ttlMs)
      if (isBlind) since = null
      if (!isWithin(askedAt, isAsking ? ttlMs : ttlMs / 3)) void ask()
      return isBlind || since !== null
    },

    yield() {
      forget()
      yieldsUntil = clock.now() + 2 * ttlMs
    },

    async release() {
      if (stoodAt === Number.NEGATIVE_INFINITY) return
      forget()
      stoodAt = Number.NEGATIVE_INFINITY
      await new Promise<void>((resolve) => {
        const cancel = clock.after(farewellMs, resolve, { keepsAlive: true })
        void exchange
          .publish(key, null, ttlMs)
          .catch(() => {})
          .finally(() => {
            cancel()
            resolve()
          })
      })
    },
  }
}

/** Whether one goes before the other: willing, on duty, longest, lowest. The same answer in every process. */
function isBefore(one: Candidate, other: Candidate): boolean {
  if (one.isYielding !== other.isYielding) return other.isYielding
  if ((one.since === null) !== (other.since === null)) return other.since === null
  if (one.since !== other.since) return Number(one.since) < Number(other.since)
  return one.key < other.key
}

/** Whatever else stands among the candidates is none. */
function readCandidate({ key, value }: { key: string; value: unknown }): Candidate[] {
  const { since, isYielding } = Object(value) as Partial<Candidate>
  if (since !== null && !Number.isFinite(since)) return []
  return typeof isYielding === 'boolean' ? [{ key, since: since as number | null, isYielding }] : []
}
