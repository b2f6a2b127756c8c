import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { ProcessIdentity } from '@sluice/rollout'

/** A pod's name, the longest of host names that matter, is no longer. */
const longestHost = 40

/**
 * Who this process is among those that share a store: named by its host and its number, or as given.
 *
 * The random part keeps two apart that bear one number in two containers, or live in one process.
 */
export function createIdentity(processId: string | undefined): ProcessIdentity {
  const incarnation = randomUUID().slice(0, 18)
  const host = hostname().slice(0, longestHost)
  return {
    processId: processId ?? `${host}-${process.pid}-${incarnation.slice(0, 4)}`,
    incarnation,
  }
}
