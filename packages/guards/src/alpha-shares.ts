import type { Guard } from './guard.ts'

/** Whether a guard has a part of the set's alpha: its failure has consequences, and may be chance. */
export function sharesAlpha(guard: Guard): boolean {
  return guard.consequence !== 'warn' && claimsAlpha(guard)
}

/** Whether a guard is statistical, or a composition holds one that is: the others claim no alpha. */
export function claimsAlpha(guard: Guard): boolean {
  switch (guard.kind) {
    case 'declaration':
    case 'gauge':
    case 'check':
    case 'custom_reading':
      return false
    case 'all':
    case 'any':
      return guard.guards.some(claimsAlpha)
    default:
      return true
  }
}
