import type { Guard } from '@sluice/guards'
import type { Plan } from '@sluice/rollout'
import { formatPercent } from '../bar.ts'
import { clean } from '../text.ts'
import { formatDuration } from '../time.ts'

/** A plan in one line: `5 % for 1 h, 25 % for 1 h, 100 % for 10 min`. */
export function sayPlan({ stages }: Plan): string {
  return stages
    .map(({ rolloutPercent, monitorMs, gate = [], approval }) => {
      const asked = [...gate, ...(approval === undefined ? [] : [`${approval} approval`])]
      const asks = asked.length === 0 ? '' : ` (asks ${asked.map(clean).join(', ')})`
      return `${formatPercent(rolloutPercent)} for ${formatDuration(monitorMs)}${asks}`
    })
    .join(', ')
}

/** The guards in one line: `error_rate and latency may roll back; cpu holds`. */
export function sayGuards(guards: readonly Guard[]): string {
  if (guards.length === 0) return 'none: it goes on only where somebody promotes it'
  const may = { rollback: 'may roll back', hold: 'may hold', warn: 'warns' } as const
  return (['rollback', 'hold', 'warn'] as const)
    .flatMap((consequence) => {
      const names = guards.filter((each) => each.consequence === consequence)
      return names.length === 0
        ? []
        : [`${names.map(({ name }) => clean(name)).join(', ')} ${may[consequence]}`]
    })
    .join('; ')
}
