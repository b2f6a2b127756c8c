import type { Guard } from './guard.ts'
import { isProbeKind } from './probes/probe-kinds.ts'

/** Whether a guard has a part of the set's alpha: its failure has consequences, and may be chance. */
export function sharesAlpha(guard: Guard): boolean {
  return guard.consequence !== 'warn' && claimsAlpha(guard)
}

/** Whether a guard is statistical, or a composition holds one that is: the others claim no alpha. */
export function claimsAlpha(guard: Guard): boolean {
  if (guard.kind === 'all' || guard.kind === 'any') return guard.guards.some(claimsAlpha)
  return guard.kind !== 'declaration' && !isProbeKind(guard.kind)
}
