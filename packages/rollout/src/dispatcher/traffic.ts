import type { Split } from '@sluice/core'
import { SluiceError } from '@sluice/core'
import type { Pool } from 'undici'
import { createSplit, type TrafficSplit } from '../split/create-split.ts'
import { type Arm, createArm } from './arm.ts'
import { checkArms, checkEjection, checkOrigins } from './check-options.ts'
import { type Finding, onFinding, onSent, untried } from './ejection.ts'
import { checkOptions, trafficSchema } from './option-schemas.ts'
import type { TrafficOptions } from './options.ts'
import type { Origin } from './origin.ts'
import type { TrafficOutcome } from './outcome.ts'

/** Where a request goes. */
export interface Place {
  readonly arm: Arm
  readonly origin: Origin
}

/** Arms, their origins and what is known of them: what the dispatcher and the proxy share. */
export interface Traffic<ArmName extends string = string> {
  readonly split: TrafficSplit<ArmName>
  readonly now: () => number
  /** Told what the application's own threw. Never throws. */
  readonly report: (error: unknown) => void
  /** Undefined where nobody listens, so that nothing is put together in vain. */
  readonly onOutcome: ((outcome: TrafficOutcome) => void) | undefined
  /** The arm that a key's requests are meant for. */
  armOf(key: string | undefined): Arm
  /** Where a request of an arm goes first: never nowhere. */
  first(arm: Arm): Place
  /** Where it goes after some origins failed; undefined where it has failed for good. */
  next(arm: Arm, tried: readonly Origin[]): Place | undefined
  found(place: Place, finding: Finding): void
  /** Puts weights in force. Arms at 0 let what is under way end and then close their connections. */
  apply(weights: Split): void
  setOrigins(arm: string, origins: readonly string[]): void
  isClosed(): boolean
  close(): Promise<void>
  destroy(error: Error | null): Promise<void>
}

/**
 * @param onPool Told of each pool, to listen to it.
 * @throws SluiceError `invalid_arms`, `invalid_split`, `invalid_option`.
 */
export function createTraffic<ArmName extends string>(
  options: TrafficOptions<ArmName>,
  onPool: (pool: Pool) => void,
): Traffic<ArmName> {
  checkOptions(trafficSchema, options)
  const { onDeadArm = 'fallback', onOutcome, onEvent, report, now = performanceNow } = options
  const limits = checkEjection(options.ejection)
  const named = checkArms(options.arms)
  const split = splitFor(
    options,
    named.map(([name]) => name as ArmName),
  )
  const arms = new Map(
    named.map(([name, urls]) => [name, createArm(name, urls, options.pool ?? {}, onPool)]),
  )
  const [baseline] = arms.values() as Iterable<Arm>
  let isClosed = false

  function tell<Value>(listener: ((value: Value) => void) | undefined, value: Value): void {
    try {
      const result: unknown = listener?.(value)
      // One that is async would else end the process where it fails.
      if (result instanceof Promise) result.catch(tellReport)
    } catch (error) {
      tellReport(error)
    }
  }

  /** Whoever hears of errors must not make another one of them. */
  function tellReport(error: unknown): void {
    try {
      report?.(error)
    } catch {}
  }

  function choose(arm: Arm, tried?: readonly Origin[]): Place | undefined {
    // Weights may have changed since it was meant for that arm: what goes down is not tried again.
    const mayTry = tried === undefined || hasWeight(arm)
    const origin = mayTry ? arm.choose(now(), tried) : undefined
    if (origin !== undefined) return { arm, origin }
    // Downwards only: who is meant for the first arm is never exposed to another.
    if (onDeadArm !== 'fallback' || arm === baseline || !hasWeight(baseline!)) return undefined
    const substitute = baseline!.choose(now(), tried)
    return substitute && { arm: baseline!, origin: substitute }
  }

  function hasWeight({ name }: Arm): boolean {
    return (split.weights as Split)[name]! > 0
  }

  return {
    split,
    now,
    report: tellReport,
    onOutcome: onOutcome && ((outcome) => tell(onOutcome, outcome)),
    armOf: (key) => arms.get(split.pick(key))!,
    first(arm) {
      const place = choose(arm) ?? { arm, origin: arm.chooseAny() }
      const { origin } = place
      if (origin.health.phase !== 'in') origin.health = onSent(origin.health, limits, now())
      return place
    },
    next(arm, tried) {
      const place = choose(arm, tried)
      if (place) place.origin.health = onSent(place.origin.health, limits, now())
      return place
    },
    found({ arm, origin }, finding) {
      // Nearly always.
      if (finding === 'ok' && origin.health === untried) return
      const { phase } = origin.health
      const at = now()
      origin.health = onFinding(origin.health, finding, limits, at, arm.hasOthers(origin, at))
      const after = origin.health.phase
      if (after === 'out' && phase !== 'out') {
        tell(onEvent, { name: 'ejected', arm: arm.name, origin: origin.url })
      } else if (after === 'in' && phase !== 'in') {
        tell(onEvent, { name: 'returned', arm: arm.name, origin: origin.url })
      }
    },
    apply(weights) {
      split.set(weights)
      if (isClosed) return
      for (const arm of arms.values()) {
        if (hasWeight(arm)) arm.revive()
        else void arm.retire()
      }
    },
    setOrigins(name, origins) {
      const arm = arms.get(name)
      if (arm === undefined) {
        const expected = `one of the arms ${[...arms.keys()].join(', ')}`
        const message = `There is no arm "${name}": expected ${expected}.`
        throw new SluiceError('unknown_arm', message, { expected, found: name })
      }
      arm.setOrigins(checkOrigins(origins, ''))
    },
    isClosed: () => isClosed,
    async close() {
      isClosed = true
      await Promise.all([...arms.values()].map((arm) => arm.retire()))
    },
    async destroy(error) {
      isClosed = true
      await Promise.all([...arms.values()].map((arm) => arm.destroy(error)))
    },
  }
}

const performanceNow = () => performance.now()

function splitFor<ArmName extends string>(
  options: TrafficOptions<ArmName>,
  names: readonly ArmName[],
): TrafficSplit<ArmName> {
  const { split, weights, salt, random } = options
  if (split === undefined) {
    const arms = Object.fromEntries(
      names.map((name, index) => [name, index === 0 ? 100 : 0]),
    ) as Record<ArmName, number>
    const own = createSplit({
      arms,
      ...(salt === undefined ? {} : { salt }),
      ...(random === undefined ? {} : { random }),
    })
    if (weights !== undefined) own.set(weights)
    return own
  }
  const isSame =
    split.arms.length === names.length && names.every((name) => split.arms.includes(name))
  const isAlone = weights === undefined && salt === undefined && random === undefined
  if (isSame && isAlone) return split
  const expected = isSame ? 'no weights, salt or random beside it' : `the arms ${names.join(', ')}`
  const message = `The split handed in is refused: expected ${expected}.`
  throw new SluiceError('invalid_split', message, {
    pointer: '/split',
    expected,
    found: split.arms.join(', '),
  })
}
