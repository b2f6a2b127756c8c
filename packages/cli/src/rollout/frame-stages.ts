import type { RolloutState, Stage } from '@sluice/rollout'
import { formatPercent } from '../bar.ts'
import type { Colors } from '../terminal.ts'
import { cut, pad } from '../text.ts'
import { formatDuration } from '../time.ts'
import type { FrameOptions } from './frame.ts'
import type { RolloutView } from './view.ts'

const widestSegment = 22
/** What a stage needs so that `12 of 60 min` is read under it. */
const narrowestSegment = 12

/** The plan as a row of segments, filled as far as the rollout has come. */
export function drawStages(view: RolloutView, { width, color }: FrameOptions): string[] {
  const { stages } = view.state.plan
  const cells = Math.min(widestSegment, Math.floor((width + 1) / stages.length) - 1)
  if (cells < narrowestSegment) return drawLongPlan(view, { width, color })
  const at = stageOf(view.state)
  const row = (draw: (stage: Stage, index: number) => string) =>
    stages.map(draw).join(' ').trimEnd()
  const asked = stages.map(sayAsked)
  return [
    row(({ rolloutPercent }, index) => {
      const label = pad(formatPercent(rolloutPercent), cells)
      return index === at ? color.bold(label) : color.dim(label)
    }),
    row((stage, index) => drawSegment(shareDone(view, stage, index), cells, view.state, color)),
    row((stage, index) => {
      const text = pad(cut(sayTime(view, stage, index), cells), cells)
      return index === at ? text : color.dim(text)
    }),
    ...(asked.some((text) => text !== '')
      ? [row((_, index) => color.dim(pad(cut(asked[index] ?? '', cells), cells)))]
      : []),
  ]
}

/** More stages than there is room for: one line says where it is. */
function drawLongPlan(view: RolloutView, { width, color }: FrameOptions): string[] {
  const { stages } = view.state.plan
  const at = stageOf(view.state)
  const done = stages.filter((stage, index) => shareDone(view, stage, index) >= 1).length
  const current = at === undefined ? undefined : stages[at]
  const where =
    at === undefined || current === undefined
      ? `${done} of ${stages.length} stages`
      : `stage ${at + 1} of ${stages.length}: ${formatPercent(current.rolloutPercent)}, ${sayTime(view, current, at)}`
  const cells = Math.min(40, width)
  const share =
    (done + (current === undefined || at === undefined ? 0 : shareDone(view, current, at) % 1)) /
    stages.length
  return [drawSegment(share, cells, view.state, color), where]
}

function drawSegment(share: number, cells: number, state: RolloutState, color: Colors): string {
  const filled = share >= 1 ? cells : Math.min(cells - 1, Math.round(share * cells))
  const paint = isGoingBack(state) ? color.red : color.green
  return paint('━'.repeat(filled)) + color.dim('─'.repeat(cells - filled))
}

/** How much of a stage is behind: 0–1. */
function shareDone(view: RolloutView, { monitorMs }: Stage, index: number): number {
  if (view.state.phase === 'completed') return 1
  const at = stageOf(view.state)
  if (at === undefined || index > at) return 0
  if (index < at) return 1
  return Math.min(0.99, view.observedMs / monitorMs)
}

function sayTime(view: RolloutView, { monitorMs }: Stage, index: number): string {
  const isHere = index === stageOf(view.state) && !isGoingBack(view.state)
  if (!isHere) return formatDuration(monitorMs)
  const seen = formatDuration(Math.min(view.observedMs, monitorMs))
  const whole = formatDuration(monitorMs)
  const [count, unit] = seen.split(' ')
  // `41 of 60 min` rather than `41 min of 60 min`.
  return whole.endsWith(` ${unit}`) && seen.split(' ').length === 2
    ? `${count} of ${whole}`
    : `${seen} of ${whole}`
}

function sayAsked({ gate = [], approval }: Stage): string {
  const asked = [...gate, ...(approval === undefined ? [] : [`${approval} approval`])]
  return asked.length === 0 ? '' : `asks ${asked.join(', ')}`
}

/** The stage that it is in, or was in when it went back. */
function stageOf(state: RolloutState): number | undefined {
  if ('rollback' in state) return state.rollback.fromStage
  return 'stage' in state ? state.stage : undefined
}

function isGoingBack(state: RolloutState): boolean {
  return 'rollback' in state
}
