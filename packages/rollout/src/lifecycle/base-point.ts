import type { Policy } from '../policy/policy.ts'
import { isUnderWay } from '../reports/rollout-record.ts'
import type { EnvironmentPoint } from './environment-point.ts'

/** The points that follow from where a flag is on; the others follow from time and definition. */
export type BasePoint = 'created' | 'staging' | 'production' | 'released' | 'killed'

/** By the furthest environment in which something was done: production first. */
export function basePoint(environments: readonly EnvironmentPoint[], policy: Policy): BasePoint {
  const { order } = policy.environments
  const production = productionOf(policy)
  const inProduction = environments.filter(({ environment }) => production.includes(environment))
  const first = order.findIndex((name) => production.includes(name))
  const before = environments.filter(
    ({ environment }) => order.includes(environment) && order.indexOf(environment) < first,
  )
  if (inProduction.some(({ status }) => status === 'killed')) return 'killed'
  if (inProduction.some(isOn)) return isReleased(environments) ? 'released' : 'production'
  if (before.some(({ status }) => status === 'killed') && !before.some(isOn)) return 'killed'
  // Development is where it is made: on there alone, it has not gone anywhere yet.
  return before.some((point) => isOn(point) && point.environment !== order[0]) ||
    (first <= 1 && before.some(isOn))
    ? 'staging'
    : 'created'
}

function isReleased(environments: readonly EnvironmentPoint[]): boolean {
  return environments
    .filter(({ isMeant }) => isMeant)
    .every(({ isSettled, rollout }) => isSettled && !isUnderWay(rollout))
}

/** The environment that the point speaks of. */
export function placeOf(
  base: BasePoint,
  environments: readonly EnvironmentPoint[],
  policy: Policy,
): EnvironmentPoint | undefined {
  const production = productionOf(policy)
  const isProduction = ({ environment }: EnvironmentPoint) => production.includes(environment)
  if (base === 'killed') {
    return environments.findLast(({ status }) => status === 'killed')
  }
  if (base === 'staging') return environments.findLast((each) => isOn(each) && !isProduction(each))
  if (base === 'created') return environments.find(isProduction) ?? environments.at(-1)
  // The one that lags behind says how far the flag is.
  return environments
    .filter((each) => isProduction(each) && isOn(each))
    .reduce<EnvironmentPoint | undefined>(
      (least, each) => (least === undefined || each.percent < least.percent ? each : least),
      undefined,
    )
}

function isOn({ status }: EnvironmentPoint): boolean {
  return status === 'partial' || status === 'full'
}

/** A policy that names no production environment ends with its last one. */
export function productionOf({ environments }: Policy): readonly string[] {
  const { order, production } = environments
  return production.length > 0 ? production : order.slice(-1)
}
