import { isActive, type RolloutState } from '@sluice/rollout'
import { formatTable } from '../table.ts'
import type { Colors } from '../terminal.ts'
import { clean } from '../text.ts'
import { sayPhase, sayShare, sayStanding } from './describe.ts'

/** A rollout in a list. */
export interface ListedRollout {
  readonly flag: string
  readonly state?: RolloutState
  /** Why it cannot be read. */
  readonly fault?: string
}

/** How a list of rollouts is drawn. */
export interface RolloutTableOptions {
  readonly width: number
  readonly color: Colors
  /** Epoch ms. */
  readonly now: number
}

/** One line per rollout: its flag, phase and share, and what it is at or waits for. */
export function drawRollouts(
  listed: readonly ListedRollout[],
  { width, color, now }: RolloutTableOptions,
): string[] {
  const paintPhase = (text: string, row: number) => paintOf(listed[row], color)(text)
  return formatTable(
    [
      { title: 'flag', shrinks: true, least: 12 },
      { title: 'phase', paint: paintPhase },
      { title: 'share', align: 'right' },
      { title: 'standing', shrinks: true, least: 20, paint: color.dim },
    ],
    listed.map(({ flag, state, fault = '' }) =>
      state === undefined
        ? [clean(flag), 'unreadable', '', clean(fault)]
        : [clean(flag), sayPhase(state.phase), sayShare(state), sayStanding(state, now)],
    ),
    { width },
  )
}

function paintOf(listed: ListedRollout | undefined, color: Colors): (text: string) => string {
  const state = listed?.state
  if (state === undefined) return color.red
  if ('rollback' in state) return color.red
  if (!isActive(state)) return color.dim
  return state.phase === 'running' ? color.green : color.yellow
}
