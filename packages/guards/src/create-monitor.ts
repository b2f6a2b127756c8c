import { createCompositionMonitor } from './composition.ts'
import { createDeclarationMonitor } from './declaration-guard.ts'
import type { Guard } from './guard.ts'
import { createLatencyMonitor } from './latency-monitor.ts'
import { createLimitMonitor } from './limit-monitor.ts'
import type { Monitor } from './monitor.ts'
import { createCheckMonitor } from './probes/check-monitor.ts'
import { createCustomReadingMonitor } from './probes/custom-reading-monitor.ts'
import { createGaugeMonitor } from './probes/gauge-monitor.ts'
import { createRatioMonitor } from './ratio-monitor.ts'
import { createSampleRatioMonitor } from './sample-ratio-monitor.ts'

/** Sets one guard to work, at its own share of alpha. Guards that claim no alpha ignore it. */
export function createMonitor(guard: Guard, alpha: number): Monitor {
  switch (guard.kind) {
    case 'error_rate':
      return createRatioMonitor(guard, alpha)
    case 'custom':
      return guard.of === 'count'
        ? createRatioMonitor(guard, alpha)
        : createLatencyMonitor(guard, alpha)
    case 'latency':
      return createLatencyMonitor(guard, alpha)
    case 'max_error_rate':
    case 'max_latency':
      return createLimitMonitor(guard, alpha)
    case 'sample_ratio':
      return createSampleRatioMonitor(guard, alpha)
    case 'declaration':
      return createDeclarationMonitor(guard)
    case 'gauge':
      return createGaugeMonitor(guard)
    case 'check':
      return createCheckMonitor(guard)
    case 'custom_reading':
      return createCustomReadingMonitor(guard)
    case 'all': {
      const sharing = guard.guards.filter(claimsAlpha).length
      const parts = guard.guards.map((part) => createMonitor(part, alpha / Math.max(1, sharing)))
      return createCompositionMonitor(guard, parts)
    }
    case 'any':
      // It fails only together with the one that is healthy, so each part may have the whole alpha.
      return createCompositionMonitor(
        guard,
        guard.guards.map((part) => createMonitor(part, alpha)),
      )
  }
}

/** Whether a guard has a part of the set's alpha: its failure has consequences, and may be chance. */
export function sharesAlpha(guard: Guard): boolean {
  return guard.consequence !== 'warn' && claimsAlpha(guard)
}

function claimsAlpha(guard: Guard): boolean {
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
