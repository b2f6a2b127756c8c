import { formatBar } from '../bar.ts'
import { formatAge } from '../duration.ts'
import { formatTable } from '../table.ts'
import type { Colors } from '../terminal.ts'
import { clean, cut, pad, widthOf, wrap } from '../text.ts'
import { sayPhase, sayShare, sayStanding } from './describe.ts'
import { drawApprovals } from './frame-approvals.ts'
import { drawGuards } from './frame-guards.ts'
import { drawStages } from './frame-stages.ts'
import type { ArmRates, RolloutView } from './view.ts'

/** How a frame is drawn. */
export interface FrameOptions {
  /** Columns of the window. */
  readonly width: number
  readonly color: Colors
}

/** Wider than this a line is not read at one glance. */
const widest = 120

/** Draws a rollout as lines of a screen: for 80 columns and more. A narrower window wraps some of them. */
export function drawFrame(view: RolloutView, { width: given, color }: FrameOptions): string[] {
  const options = { width: Math.min(given, widest), color }
  const sections = [
    drawHead(view, options),
    drawStages(view, options),
    drawArms(view, options),
    drawGuards(view, options),
    drawApprovals(view, options),
    drawEvents(view, options),
  ]
  return sections.filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines])
}

function drawHead(view: RolloutView, { width, color }: FrameOptions): string[] {
  const { state, now, trouble } = view
  const phase = sayPhase(state.phase)
  const right = `${phase}  ${sayShare(state)}`
  const name = cut(
    `${clean(state.flag)} in ${clean(state.environment)}`,
    width - widthOf(right) - 2,
  )
  const share = right.slice(phase.length)
  const paint = phasePaint(view, color)
  const head = `${color.bold(pad(name, width - widthOf(right)))}${paint(phase)}${color.bold(share)}`
  const since = `${clean(state.startedBy)}, ${formatAge(state.startedAt, now)}`
  const ticket = state.ticket === undefined ? [] : [clean(state.ticket)]
  const facts = [clean(state.reason), since, ...ticket].join('  ·  ')
  const isCalm = state.phase === 'running' || state.phase === 'completed'
  return [
    head,
    color.dim(cut(facts, width)),
    ...(isCalm ? [] : wrap(sayStanding(state, now), width).map(paint)),
    ...drawDuty(view, { width, color }),
    ...(trouble === undefined ? [] : [color.yellow(cut(trouble, width))]),
  ]
}

/** Nobody is needed where nothing is left to look at. */
function drawDuty({ onDuty, state }: RolloutView, { width, color }: FrameOptions): string[] {
  const wantsEyes = ['running', 'holding', 'paused', 'rolling_back', 'verifying']
  if (onDuty === undefined || onDuty.length > 0 || !wantsEyes.includes(state.phase)) return []
  const line = `Nobody looks at it: no process tells that it runs a controller of ${clean(state.flag)}.`
  return wrap(line, width).map(color.yellow)
}

function phasePaint({ state }: RolloutView, color: Colors): (text: string) => string {
  switch (state.phase) {
    case 'running':
    case 'completed':
      return color.green
    case 'rolling_back':
    case 'verifying':
    case 'rolled_back':
      return color.red
    case 'aborted':
      return color.dim
    default:
      return color.yellow
  }
}

function drawArms({ rates, guards }: RolloutView, { width, color }: FrameOptions): string[] {
  const counts = guards?.verdicts.find((each) => each.counts.canary.requests > 0)?.counts
  if (rates === undefined && counts === undefined) return []
  const row = (name: 'canary' | 'stable') => [
    name,
    ...sayRates(rates?.[name]),
    counts === undefined ? '' : sayCounts(counts[name]),
  ]
  return formatTable(
    [
      { title: 'arm', paint: (text, index) => (index === 0 ? color.bold(text) : text) },
      { title: rates === undefined ? '' : 'requests/s', align: 'right' },
      { title: rates === undefined ? '' : 'errors', align: 'right' },
      { title: rates === undefined ? '' : 'p95', align: 'right' },
      { title: 'errors since the start', paint: color.dim },
    ],
    [row('canary'), row('stable')],
    { width, title: color.dim },
  )
}

function sayRates(rates: ArmRates | undefined): [string, string, string] {
  if (rates === undefined) return ['', '', '']
  const { requestsPerSecond, errorRatio, p95Ms } = rates
  return [
    requestsPerSecond.toFixed(1),
    errorRatio === undefined ? '–' : `${(100 * errorRatio).toFixed(2)} %`,
    sayMs(p95Ms),
  ]
}

/** Nothing takes no time. */
function sayMs(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return ms < 1 ? '<1 ms' : `${Math.round(ms)} ms`
}

function sayCounts({ errors, requests }: { errors: number; requests: number }): string {
  return `${sayNumber(errors)} of ${sayNumber(requests)}`
}

function sayNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function drawEvents({ events, now }: RolloutView, { width, color }: FrameOptions): string[] {
  return formatTable(
    [
      { title: 'when', align: 'right', paint: color.dim },
      { title: 'who', shrinks: true, least: 8 },
      { title: 'what' },
      { title: 'why', shrinks: true, least: 12, paint: color.dim },
    ],
    events.map(({ at, actor, action, reason }) => [
      formatAge(at, now),
      clean(actor),
      clean(action).replaceAll('_', ' '),
      clean(reason),
    ]),
    { width },
  )
}

/** A bar with its track dimmed. */
export function drawBar(
  ratio: number,
  cells: number,
  paint: (text: string) => string,
  color: Colors,
): string {
  const { filled, rest } = formatBar(ratio, cells)
  return paint(filled) + color.dim(rest)
}
