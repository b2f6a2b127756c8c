import {
  type EnvironmentSettings,
  type Exposure,
  type FlagDefinition,
  type FlagSettings,
  settingsFor,
} from '@sluice/core'
import type { RolloutRecord } from '../reports/rollout-record.ts'
import type { ExposureMove } from './exposure-history.ts'
import { isSettled, servedPercent } from './served-share.ts'

/** Where a flag stands in one environment. */
export interface EnvironmentPoint {
  readonly environment: string
  /** Whether the flag is meant to be on here: listed by its definition, or enabled by someone. */
  readonly isMeant: boolean
  readonly status: 'off' | 'partial' | 'full' | 'killed'
  /** Percent of subjects inside now, 0–100: the gate alone, without rules. */
  readonly percent: number
  /** Everybody gets the same variant: there is nothing left to ask. */
  readonly isSettled: boolean
  /** Since when it stands so, epoch ms; undefined where only the definition says so, or the log no longer reaches back. */
  readonly since?: number
  readonly by?: string
  readonly because?: string
  /** The newest rollout here, active or over. */
  readonly rollout?: RolloutRecord
}

/** What is known of a flag in one environment. */
export interface EnvironmentFacts {
  readonly environment: string
  readonly exposure: Exposure | undefined
  readonly moves: readonly ExposureMove[]
  readonly rollout: RolloutRecord | undefined
}

/** Places a flag in an environment. Pure. @param now Epoch milliseconds. */
export function placeIn(
  flag: string,
  definition: FlagDefinition,
  facts: EnvironmentFacts,
  now: number,
): EnvironmentPoint {
  const { environment, exposure, moves, rollout } = facts
  const settle = (laid: Exposure | undefined) => settingsFor(flag, definition, laid, environment)
  const settings = settle(exposure)
  const percent = servedPercent(settings, now)
  const before = stateBefore(moves, (laid) => settle(laid), settings)
  const status = statusOf(settings, percent, isKilled(exposure, definition, environment, moves))
  return {
    environment,
    isMeant: isListed(definition, environment) || exposure?.enabled === true,
    status,
    percent,
    isSettled: isSettled(settings, now),
    ...(before === undefined ? {} : { since: before.at, by: before.by, because: before.reason }),
    ...(rollout === undefined ? {} : { rollout }),
  }
}

function statusOf(
  { enabled, rules }: FlagSettings,
  percent: number,
  wasKilled: boolean,
): EnvironmentPoint['status'] {
  if (wasKilled) return 'killed'
  if (!enabled) return 'off'
  if (percent >= 100) return 'full'
  // At 0 percent a rule may still let its own subjects in.
  return percent > 0 || rules.length > 0 ? 'partial' : 'off'
}

/** The first move since which the flag has stood as it does now. */
function stateBefore(
  moves: readonly ExposureMove[],
  settle: (laid: Exposure | undefined) => FlagSettings,
  now: FlagSettings,
): ExposureMove | undefined {
  let found: ExposureMove | undefined
  for (const move of moves.toReversed()) {
    if (!isSame(settle(move.exposure), now)) break
    found = move
  }
  return found
}

function isSame(one: FlagSettings, other: FlagSettings): boolean {
  return (
    one.enabled === other.enabled &&
    one.rollout === other.rollout &&
    JSON.stringify(one.split) === JSON.stringify(other.split)
  )
}

/**
 * Switched off by somebody, after it was on. A rollout that goes back switches nothing off: it takes the share to 0, and
 * the switch to what it was.
 */
function isKilled(
  exposure: Exposure | undefined,
  definition: FlagDefinition,
  environment: string,
  moves: readonly ExposureMove[],
): boolean {
  if (exposure?.enabled !== false) return false
  const isOnByDefinition = ownSettings(definition, environment)?.enabled ?? definition.enabled
  let isOn = isListed(definition, environment) && isOnByDefinition === true
  // The log may not reach back to when it was switched on: what the definition says is all there is then.
  let isKilledByHand = isOn && moves.length === 0
  for (const { exposure: laid, isOfRollout } of moves) {
    const enabled = laid?.enabled ?? isOn
    if (isOn && !enabled && !isOfRollout) isKilledByHand = true
    if (enabled) isKilledByHand = false
    isOn = enabled
  }
  return isKilledByHand
}

/** Whether a definition lists an environment. */
export function isListed(definition: FlagDefinition, environment: string): boolean {
  const { environments = [] } = definition
  return Array.isArray(environments)
    ? environments.includes(environment)
    : Object.hasOwn(environments, environment)
}

function ownSettings(
  { environments = [] }: FlagDefinition,
  environment: string,
): EnvironmentSettings | undefined {
  if (Array.isArray(environments)) return undefined
  const settings = environments as { readonly [name: string]: EnvironmentSettings }
  return Object.hasOwn(settings, environment) ? settings[environment] : undefined
}
