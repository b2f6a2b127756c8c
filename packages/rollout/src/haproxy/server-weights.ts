import type { Split } from '@sluice/core'
import type { ServerState } from './server-state.ts'

/** Server names by arm, in the order they were given. */
export type ArmServers = Readonly<Record<string, readonly string[]>>

/** The most a server can weigh (HAProxy's SRV_UWGHT_MAX). */
const maxWeight = 256

/**
 * Whole weights for servers, so that each arm's servers together serve its share.
 *
 * All arms together always weigh the same, 256 for each server of the smallest arm: so an arm that grows only gets
 * heavier, and the share is never past both its old and its new value while the weights are set one by one. A share above
 * 0 weighs at least 1. The served share is within 0.2 percent of the one asked, 0.4 for one below 0.2.
 *
 * A server that cannot serve weighs nothing, so that its return gives its arm no more than was asked; in the first arm
 * it weighs as much as the others, for more of that arm does no harm.
 *
 * @param weights Percent by arm.
 * @param usable Those of the arms' servers that can serve, by arm; an arm without any gets nothing.
 */
export function weighServers(
  weights: Split,
  arms: ArmServers,
  usable: ArmServers,
): Map<string, number> {
  const sizes = Object.values(usable).flatMap(({ length }) => (length === 0 ? [] : [length]))
  const total = sizes.length === 0 ? 0 : maxWeight * Math.min(...sizes)
  const weighed = new Map<string, number>()
  for (const [position, [arm, servers]] of Object.entries(arms).entries()) {
    const serving = usable[arm] ?? []
    const armWeight = serving.length === 0 ? 0 : weighArm(weights[arm] ?? 0, total)
    const each = Math.floor(armWeight / Math.max(1, serving.length))
    const rest = armWeight % Math.max(1, serving.length)
    for (const server of servers) {
      const index = serving.indexOf(server)
      const idle = position === 0 ? each : 0
      weighed.set(server, index < 0 ? idle : each + (index < rest ? 1 : 0))
    }
  }
  return weighed
}

function weighArm(percent: number, total: number): number {
  const least = percent > 0 ? 1 : 0
  const most = percent < 100 ? total - 1 : total
  return Math.min(most, Math.max(least, Math.round((percent / 100) * total)))
}

/**
 * The servers that can serve, by arm.
 *
 * Those in maintenance are left out; those that fail their health checks too, unless all of the arm do: then its weights
 * stand as they are, for the moment when they are back.
 *
 * @param isOurs Whether maintenance and drain are set by the router itself, and can be lifted by it.
 */
export function findUsable(
  arms: ArmServers,
  states: ReadonlyMap<string, ServerState>,
  isOurs: boolean,
): Record<string, readonly string[]> {
  const entries = Object.entries(arms).map(([arm, names]) => {
    const known = names.flatMap((name) => states.get(name) ?? [])
    if (isOurs) return [arm, known.map(({ name }) => name)] as const
    const inService = known.filter(({ isInMaintenance, isDraining }) => {
      return !isInMaintenance && !isDraining
    })
    const up = inService.filter(({ isUp }) => isUp)
    return [arm, (up.length > 0 ? up : inService).map(({ name }) => name)] as const
  })
  return Object.fromEntries(entries)
}

/** The share of each arm by what its servers weigh, in percent; all 0 where nothing weighs anything. */
export function shareByWeight(
  arms: ArmServers,
  states: ReadonlyMap<string, ServerState>,
): Record<string, number> {
  const usable = findUsable(arms, states, false)
  const sums = Object.entries(usable).map(([arm, names]) => {
    const weights = names.map((name) => states.get(name)?.weight ?? 0)
    return [arm, weights.reduce((sum, weight) => sum + weight, 0)] as const
  })
  const total = sums.reduce((sum, [, weight]) => sum + weight, 0)
  return Object.fromEntries(
    sums.map(([arm, weight]) => [arm, total === 0 ? 0 : (100 * weight) / total]),
  )
}

/** A server's weight as it is to be. */
export interface WeightChange {
  readonly server: string
  readonly weight: number
}

/**
 * What is to be set, in an order in which no arm but the first ever gets more than both its old and its new share, and
 * something always weighs something: the first arm up, the others down, the others up, the first arm down. Where the first
 * arm weighs nothing at all, the others go up before they go down.
 */
export function orderChanges(
  arms: ArmServers,
  states: ReadonlyMap<string, ServerState>,
  wanted: ReadonlyMap<string, number>,
): WeightChange[] {
  const changes = Object.values(arms).flatMap((servers, position) =>
    servers.flatMap((server) => {
      const found = states.get(server)?.weight ?? 0
      const weight = wanted.get(server)
      if (weight === undefined || weight === found) return []
      return { server, weight, isUp: weight > found, isFirst: position === 0 }
    }),
  )
  const [first = []] = Object.values(arms)
  const isFirstIdle = first.every(
    (server) => (states.get(server)?.weight ?? 0) === 0 && (wanted.get(server) ?? 0) === 0,
  )
  const part = (isFirst: boolean, isUp: boolean) =>
    changes.filter((change) => change.isFirst === isFirst && change.isUp === isUp)
  const others = [part(false, false), part(false, true)]
  if (isFirstIdle) others.reverse()
  return [...part(true, true), ...others.flat(), ...part(true, false)].map(
    ({ server, weight }) => ({ server, weight }),
  )
}
