import type { Verdict } from '@sluice/guards'
import { isOpen, type RolloutState } from '@sluice/rollout'
import { formatBar } from '../bar.ts'
import { formatAge } from '../duration.ts'
import type { Colors } from '../terminal.ts'
import { clean, cut, pad, widthOf } from '../text.ts'
import { formatDuration } from '../time.ts'
import type { FrameOptions } from './frame.ts'
import type { GuardsView, RolloutView } from './view.ts'

const barCells = 20
/** Below this the eye cannot tell two bars apart. */
const leastCells = 8
const longestName = 20

/** Each guard with its evidence against the canary, as a share of what a failure needs, and what it says. */
export function drawGuards(view: RolloutView, { width, color }: FrameOptions): string[] {
  const { guards, now, state } = view
  if (guards === undefined) {
    return state.guards.length > 0 || !isOpen(state)
      ? []
      : [color.dim('No guard watches it: it goes on only where somebody promotes it.')]
  }
  return drawVerdicts(guards.verdicts, { width, color }, sayFreshness(guards, state, now))
}

/** What was kept before a rollback is not what the rollback was decided by: its reason stands at the head. */
function sayFreshness({ from, at }: GuardsView, state: RolloutState, now: number): string {
  if (from === 'live') return ''
  const decidedAt = 'rollback' in state ? state.rollback.decidedAt : undefined
  return decidedAt !== undefined && at < decidedAt
    ? `, ${formatDuration(decidedAt - at)} before the decision`
    : `, as of ${formatAge(at, now)}`
}

/** @param fresh What is added to the title about the verdicts' age. */
export function drawVerdicts(
  verdicts: readonly Verdict[],
  { width, color }: FrameOptions,
  fresh: string,
): string[] {
  const nameWidth = Math.min(
    longestName,
    Math.max(5, ...verdicts.map((each) => widthOf(each.guard))),
  )
  const cells = width < 100 ? Math.max(leastCells, barCells - 8) : barCells
  const title = `${pad('guard', nameWidth)}  evidence against the canary${fresh}`
  return [
    color.dim(cut(title, width)),
    ...verdicts.map((verdict) => drawGuard(verdict, { nameWidth, cells, width, color })),
  ]
}

function drawGuard(
  verdict: Verdict,
  { nameWidth, cells, width, color }: FrameOptions & { nameWidth: number; cells: number },
): string {
  const { evidence, guard } = verdict
  const { filled, rest } = formatBar(evidence, cells)
  const percent = pad(`${Math.round(100 * Math.min(1, Math.max(0, evidence)))} %`, 5, 'right')
  const paint = paintOf(verdict, color)
  const word = pad(wordOf(verdict), wordWidth)
  const left = nameWidth + cells + widthOf(percent) + wordWidth + 7
  const said = cut(sayWhy(verdict), Math.max(0, width - left))
  const name = pad(cut(clean(guard), nameWidth), nameWidth)
  const bar = `${paint(filled)}${color.dim(rest)}`
  return `${name}  ${bar} ${percent}  ${paint(word)}  ${color.dim(said)}`.trimEnd()
}

const wordWidth = 'rolls back'.length

function wordOf({ outcome, consequence }: Verdict): string {
  if (outcome === 'pass') return 'passes'
  if (outcome === 'inconclusive') return 'undecided'
  return { rollback: 'rolls back', hold: 'holds', warn: 'warns' }[consequence]
}

function paintOf({ outcome, evidence, consequence }: Verdict, color: Colors) {
  if (outcome === 'fail') return consequence === 'rollback' ? color.red : color.yellow
  if (evidence >= 0.5) return color.yellow
  return outcome === 'pass' ? color.green : (text: string) => text
}

function sayWhy({ secondsToDecision, because, outcome }: Verdict): string {
  if (outcome === 'fail' || secondsToDecision === undefined) return clean(because)
  const seconds = Math.ceil(secondsToDecision)
  const time = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
  return `in about ${time}: ${clean(because)}`
}
