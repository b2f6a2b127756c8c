import type { Json } from '@sluice/core'
import type { Guard } from '@sluice/guards'
import { type ApprovalSubject, type ApprovalView, parsePlan } from '@sluice/rollout'
import { formatPercent } from '../bar.ts'
import { formatAge } from '../duration.ts'
import { formatTable } from '../table.ts'
import type { Colors } from '../terminal.ts'
import { clean, wrap } from '../text.ts'
import { formatDuration } from '../time.ts'
import { sayGuards, sayPlan } from './describe-terms.ts'

/** How requests are drawn. */
export interface ApprovalTextOptions {
  readonly width: number
  readonly color: Colors
  /** Epoch ms. */
  readonly now: number
}

/** What a request waits for, or what became of it, in a few words. */
export function sayStandingOf({ approval, standing }: ApprovalView, now: number): string {
  if (standing.status === 'approved') return 'approved: it may be done'
  if (standing.status !== 'pending') return standing.status
  const { wants = [], readyAt } = standing
  const parts = [
    ...(wants.length === 0 ? [] : [`wants ${wants.map(clean).join(', ')}`]),
    ...(readyAt === undefined ? [] : [`notice ends in ${formatDuration(readyAt - now)}`]),
  ]
  const said = parts.join('; ') || clean(standing.because)
  return approval.phase === 'approved' ? `approved; ${said}` : said
}

/** One line per request. */
export function drawApprovals(
  views: readonly ApprovalView[],
  { width, color, now }: ApprovalTextOptions,
): string[] {
  const paint = (text: string, row: number) => paintOf(views[row], color)(text)
  return formatTable(
    [
      { title: 'id' },
      { title: 'what', shrinks: true, least: 18 },
      { title: 'asked by', shrinks: true, paint: color.dim },
      { title: 'standing', shrinks: true, least: 34, paint },
    ],
    views.map((view) => {
      const { id, subject, askedBy, askedAt } = view.approval
      // Where the window is narrow, the end is what is missed least.
      const what = `${clean(subject.target)}, ${clean(subject.type)}, ${clean(subject.environment)}`
      return [id, what, `${clean(askedBy)}, ${formatAge(askedAt, now)}`, sayStandingOf(view, now)]
    }),
    { width, title: color.dim },
  )
}

/** Exactly what was asked, who asked and answered, and what it waits for. */
export function drawApproval(view: ApprovalView, options: ApprovalTextOptions): string[] {
  const { approval, standing } = view
  const { width, color, now } = options
  const { subject, askedBy, askedAt, reason, ticket, answers, digest, emergency } = approval
  const facts: (readonly [string, string])[] = [
    ['asked by', `${clean(askedBy)}, ${formatAge(askedAt, now)}: ${clean(reason)}`],
    ...(ticket === undefined ? [] : [['ticket', clean(ticket)] as const]),
    ...sayAsked(subject).map(([name, text]) => [name, text] as const),
    ...(emergency === undefined ? [] : [['emergency', clean(emergency.incident)] as const]),
    ...answers.map(({ by, answer, roles, at, reason: why }) => {
      const word = answer === 'approve' ? 'yes' : 'no'
      return [
        word,
        `${clean(by)} (${roles.map(clean).join(', ')}), ${formatAge(at, now)}: ${clean(why)}`,
      ] as const
    }),
    [
      'standing',
      standing.status === 'pending' || standing.status === 'approved'
        ? sayStandingOf(view, now)
        : clean(standing.because),
    ],
    ['digest', digest],
  ]
  const head = `${approval.id}  ${clean(subject.target)} in ${clean(subject.environment)} (${clean(subject.type)})`
  return [color.bold(head), ...facts.flatMap(([name, text]) => drawFact(name, text, width, color))]
}

const nameWidth = 'asked by'.length + 2

function drawFact(name: string, text: string, width: number, color: Colors): string[] {
  const room = Math.max(20, width - nameWidth)
  return wrap(text, room).map((line, index) =>
    index === 0 ? `${color.dim(name.padEnd(nameWidth))}${line}` : `${' '.repeat(nameWidth)}${line}`,
  )
}

/** What a subject asks, as far as it is of a known kind; else as JSON. */
function sayAsked({ asked }: ApprovalSubject): (readonly [string, string])[] {
  const { plan, guards, alpha, stage, exposure } = Object(asked) as {
    readonly [name: string]: Json | undefined
  }
  if (plan !== undefined && Array.isArray(guards)) {
    return [
      ...(typeof stage === 'number' ? [['stage', String(stage + 1)] as const] : []),
      ['plan', sayPlanOf(plan)],
      ['guards', sayGuards(guards as unknown as readonly Guard[])],
      ['alpha', typeof alpha === 'number' ? formatPercent(100 * alpha) : JSON.stringify(alpha)],
    ]
  }
  if (exposure !== undefined) return [['to', clean(JSON.stringify(exposure))]]
  return [['asks', clean(JSON.stringify(asked))]]
}

function sayPlanOf(plan: Json): string {
  try {
    return sayPlan(parsePlan(plan))
  } catch {
    return clean(JSON.stringify(plan))
  }
}

function paintOf(view: ApprovalView | undefined, color: Colors): (text: string) => string {
  switch (view?.standing.status) {
    case 'approved':
      return color.green
    case 'pending':
      return color.yellow
    case 'rejected':
    case 'voided':
      return color.red
    default:
      return color.dim
  }
}
