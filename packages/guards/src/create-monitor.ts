import { claimsAlpha } from './alpha-shares.ts'
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
