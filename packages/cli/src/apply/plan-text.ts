import { describeInFull } from '../flag-state.ts'
import type { Terminal } from '../terminal.ts'
import { clean, cut, pad } from '../text.ts'
import type { EnvironmentEffect, Plan, PlannedChange } from './plan.ts'

/** A plan as lines: what is added, changed and removed, and what becomes of it in each environment. */
export function formatPlan({ changes, left }: Plan, file: string, terminal: Terminal): string[] {
  const { color } = terminal
  const stays =
    left.length === 0
      ? []
      : [
          color.dim(
            `${countOf(left.length, 'definition')} of the log ${left.length === 1 ? 'is' : 'are'} not in ${file} and ${left.length === 1 ? 'stays' : 'stay'}; --remove takes ${left.length === 1 ? 'it' : 'them'} out.`,
          ),
        ]
  if (changes.length === 0) {
    return [
      `${color.green('✓')} The log holds what ${file} says.`,
      ...stays.map((line) => `  ${line}`),
    ]
  }
  const counts = (['add', 'change', 'remove'] as const).map((action) => {
    const count = changes.filter((each) => each.action === action).length
    return `${count} to ${action}`
  })
  return [
    `${color.bold(file)} ${color.dim('→ the log')}`,
    '',
    ...changes.flatMap((change) => [...formatChange(change, terminal), '']),
    `${counts.join(', ')}.`,
    ...stays,
  ]
}

function formatChange(change: PlannedChange, { color, width }: Terminal): string[] {
  const { action, kind, name, environments, differences } = change
  const marks = { add: color.green('+'), change: color.yellow('~'), remove: color.red('-') }
  const place = Math.max(0, ...differences.map((each) => each.place.length))
  const changed =
    action === 'change'
      ? differences.map((each) => {
          const text = `${show(each.before)} → ${show(each.after)}`
          return `    ${color.dim(pad(each.place, place))}  ${cut(text, Math.max(16, width - place - 6))}`
        })
      : []
  const longest = Math.max(0, ...environments.map(({ environment }) => environment.length))
  return [
    `${marks[action]} ${color.bold(clean(name))}${kind === 'segment' ? color.dim('  segment') : ''}`,
    ...changed,
    ...environments.map((effect) => {
      const { text, isUp } = describeEffect(effect, action)
      return `    ${pad(effect.environment, longest)}  ${isUp ? color.green(text) : color.dim(text)}`
    }),
  ]
}

function describeEffect(
  { before, after, isMoved }: EnvironmentEffect,
  action: PlannedChange['action'],
) {
  const was = before === undefined ? 'off' : describeInFull(before)
  if (after === undefined) return { text: `${was} → as the application defines it`, isUp: false }
  const is = describeInFull(after)
  const moved = isMoved ? ', as it was moved by hand' : ''
  if (action === 'add') return { text: `${is}${moved}`, isUp: is !== 'off' }
  if (was === is) return { text: `stays ${is}${moved}`, isUp: false }
  return { text: `${was} → ${is}${moved}`, isUp: is !== 'off' }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : clean(JSON.stringify(value))
}

function countOf(count: number, name: string): string {
  return count === 1 ? `1 ${name}` : `${count} ${name}s`
}
