import type { FlagSettings } from '@sluice/core'

/**
 * The percentage of subjects that pass a flag's gate at an instant: 0 where it is off or outside its schedule, and less
 * than its rollout on a ramp. Rules are left out: they say who, not how many.
 *
 * @param now Epoch milliseconds.
 */
export function servedPercent(settings: FlagSettings, now: number): number {
  if (!settings.enabled) return 0
  const { from, until, fullAt } = settings.schedule ?? {}
  const begin = instantOf(from, Number.NEGATIVE_INFINITY)
  const isInside = now >= begin && now < instantOf(until, Number.POSITIVE_INFINITY)
  if (!isInside) return 0
  const full = instantOf(fullAt, begin)
  const ramp = now >= full ? 1 : (now - begin) / (full - begin)
  return settings.rollout * ramp
}

/**
 * Whether everybody gets one and the same variant, so that the question could be taken out of the code.
 *
 * A rule that keeps some out, a split between several variants or an end in the schedule means that it is still a
 * question.
 */
export function isSettled(settings: FlagSettings, now: number): boolean {
  if (servedPercent(settings, now) < 100 || settings.schedule?.until !== undefined) return false
  const served = soleVariant(settings)
  if (served === undefined) return false
  return settings.rules.every(
    ({ rollout = 100, serve, split }) =>
      rollout === 100 && split === undefined && (serve === undefined || serve === served),
  )
}

function soleVariant({ split, serve }: FlagSettings): string | undefined {
  if (split === undefined) return serve
  const weighed = Object.entries(split).filter(([, weight]) => weight > 0)
  return weighed.length === 1 ? weighed[0]?.[0] : undefined
}

/** ISO 8601 or epoch milliseconds; the schema has checked it when the definition was read. */
export function instantOf(value: string | number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  return typeof value === 'number' ? value : Date.parse(value)
}
