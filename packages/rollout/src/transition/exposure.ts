import type { Exposure, Split } from '@sluice/core'

/** The flag switched on for a share of subjects; how it splits between variants stays. */
export function exposeTo(before: Exposure, rolloutPercent: number): Exposure {
  return { ...before, enabled: true, rollout: rolloutPercent }
}

/**
 * The canary at 0, the switch as it was before the rollout.
 *
 * A flag that someone switched off meanwhile stays off: going back must never undo a kill switch.
 */
export function withdraw(before: Exposure, found: Exposure | undefined): Exposure {
  const withdrawn = { ...before, rollout: 0 }
  return found?.enabled === false ? { ...withdrawn, enabled: false } : withdrawn
}

/** Whether two exposures serve the same subjects the same variants. */
export function isSameExposure(a: Exposure, b: Exposure): boolean {
  return a.enabled === b.enabled && a.rollout === b.rollout && isSameSplit(a.split, b.split)
}

/** The exposure that stands under a key of the log; whatever is not an exposure's is left out. */
export function readExposure(value: unknown): Exposure {
  if (typeof value !== 'object' || value === null) return {}
  const { enabled, rollout, split } = value as Record<string, unknown>
  return {
    ...(typeof enabled === 'boolean' ? { enabled } : {}),
    ...(typeof rollout === 'number' ? { rollout } : {}),
    ...(typeof split === 'object' && split !== null ? { split: split as Split } : {}),
  }
}

function isSameSplit(a: Split | undefined, b: Split | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
