import { SluiceError, type Split } from '@sluice/core'
import type { Replica } from '@sluice/stores'
import { readExposure } from '../transition/exposure.ts'
import { parseTrafficRecord, trafficKey } from './traffic-record.ts'

/** Whose traffic: a flag's between two named arms, or a service's between those of its traffic record. */
export type Steered =
  | {
      readonly flag: string
      readonly arms: { readonly stable: string; readonly canary: string }
      readonly service?: never
    }
  | { readonly service: string; readonly flag?: never; readonly arms?: never }

/** What the log wants of the router. */
export interface Wanted {
  readonly split: Split
  /** The canary's share in percent. */
  readonly percent: number
}

/**
 * What the log says of the traffic now: the canary gets the exposure's percentage, and nothing where the flag is
 * off, where nobody exposed it, where a service's idle arm runs nothing, or while the brake is on.
 *
 * @returns Undefined where the log names no arms yet.
 * @throws SluiceError `invalid_exposure` for a percentage that is none; `invalid_traffic_record`.
 */
export function readWanted(
  log: Pick<Replica, 'get'>,
  environment: string,
  steered: Steered,
  isBraked: boolean,
): Wanted | undefined {
  const arms = steered.arms
    ? { ...steered.arms, isReady: true }
    : readArms(log, environment, steered.service)
  if (arms === undefined) return undefined
  const key = `exposure/${environment}/${steered.flag ?? steered.service}`
  const { enabled, rollout = 0 } = readExposure(log.get(key)?.value)
  const percent = isBraked || enabled === false || !arms.isReady ? 0 : rollout
  if (!(percent >= 0 && percent <= 100)) {
    throw new SluiceError(
      'invalid_exposure',
      `${key} asks for ${percent} percent, which is no share; the traffic stays as it is.`,
      { pointer: '/rollout', expected: 'a number from 0 to 100', found: String(percent) },
    )
  }
  return { split: { [arms.stable]: 100 - percent, [arms.canary]: percent }, percent }
}

function readArms(log: Pick<Replica, 'get'>, environment: string, service: string) {
  const entry = log.get(trafficKey(environment, service))
  if (entry === undefined) return undefined
  const { live, idle, versions } = parseTrafficRecord(entry.value)
  // An arm that runs nothing serves nobody, whatever share somebody gives it.
  return { stable: live, canary: idle, isReady: Object.hasOwn(versions, idle) }
}

/**
 * A router's weights may be whole numbers: HAProxy's differ from the share by up to 0.4 percent. Nothing that is a
 * stage of a plan lies so near to another.
 */
const tolerancePercent = 0.5

/** Whether what a router has is what is wanted. No share at all is never near enough to some, nor some to none. */
export function isServed(wanted: Split, found: Split): boolean {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].every((arm) => {
    const share = wanted[arm] ?? 0
    const has = found[arm] ?? 0
    if (share === 0 || has === 0) return share === has
    return Math.abs(share - has) <= tolerancePercent
  })
}

/** Whether two splits ask for the same. */
export function isSameSplit(a: Split, b: Split): boolean {
  const arms = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...arms].every((arm) => (a[arm] ?? 0) === (b[arm] ?? 0))
}
