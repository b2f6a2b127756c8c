import type { Exposure, FlagSettings } from '@sluice/core'
import { exposureKey, type Replica } from '@sluice/stores'
import { formatBar, formatPercent } from './bar.ts'
import type { Terminal } from './terminal.ts'

/** What operators laid over a flag in an environment, as the log has it. */
export function exposureOf(
  replica: Pick<Replica, 'get'>,
  environment: string,
  key: string,
): Exposure | undefined {
  return replica.get(exposureKey(environment, key))?.value as Exposure | undefined
}

/** What a flag does in an environment, in a few words: `on 25 %`, `off`, `on a 50 b 50`. */
export function describeSettings(settings: FlagSettings): string {
  return settings.enabled ? `on ${describeShare(settings)}` : 'off'
}

/** The same, with what may let on whom the share does not: `on 0 %, 1 rule`. */
export function describeInFull(settings: FlagSettings): string {
  const extras = settings.enabled ? describeExtras(settings) : ''
  return [describeSettings(settings), extras].filter(Boolean).join(', ')
}

/** What the log alone says of a flag whose definition is not known here, in the same words. */
export function describeExposure(exposure: Exposure | undefined): string {
  const { enabled, rollout, split } = exposure ?? {}
  if (enabled === false) return 'off'
  if (enabled === undefined) return 'as the services define it'
  if (rollout === undefined && split === undefined) return 'on'
  return `on ${describeShare({ rollout: rollout ?? 100, split })}`
}

/** Whom a flag reaches, were it on: `25 %`, `a 50 b 50`, `20 % of a 50 b 50`. */
export function describeShare({ rollout, split }: Pick<FlagSettings, 'rollout' | 'split'>): string {
  if (split === undefined) return formatPercent(rollout)
  const parts = Object.entries(split).map(([name, weight]) => `${name} ${weight}`)
  return rollout === 100 ? parts.join(' ') : `${formatPercent(rollout)} of ${parts.join(' ')}`
}

/** What else decides, beside the share: `2 rules`, `schedule`. */
export function describeExtras({ rules, schedule }: FlagSettings): string {
  const parts = []
  if (rules.length > 0) parts.push(rules.length === 1 ? '1 rule' : `${rules.length} rules`)
  if (schedule !== undefined) parts.push('schedule')
  return parts.join(', ')
}

/** A bar of a flag's share, dim where the flag is off. */
export function paintBar(
  { enabled, rollout }: Pick<FlagSettings, 'enabled' | 'rollout'>,
  cells: number,
  { color }: Pick<Terminal, 'color'>,
): string {
  const { filled, rest } = formatBar(rollout / 100, cells)
  return `${enabled ? color.green(filled) : color.dim(filled)}${color.dim(rest)}`
}
