import { changeFlag } from '../change-flag.ts'
import type { Context, NoteOptions } from '../context.ts'
import { usageError } from '../usage-error.ts'

/** `sluice set KEY PERCENT`: the share of users inside. */
export async function setRollout(
  context: Context,
  [key, typed]: readonly [string, string],
  options: NoteOptions,
): Promise<void> {
  const rollout = parsePercent(typed)
  const change = { rollout }
  const write = (commands: Commands, note: Note) => commands.setRollout(key, rollout, note)
  await changeFlag(context, { key, change, write }, options)
}

/** `sluice enable KEY`: on, for the share it has. */
export function enable(
  context: Context,
  [key]: readonly [string],
  options: NoteOptions,
): Promise<void> {
  const write = (commands: Commands, note: Note) => commands.enable(key, note)
  return changeFlag(context, { key, change: { enabled: true }, write }, options)
}

/** `sluice kill KEY`: off for everybody, at once; nobody is asked. */
export function kill(
  context: Context,
  [key]: readonly [string],
  options: NoteOptions,
): Promise<void> {
  const write = (commands: Commands, note: Note) => commands.disable(key, note)
  return changeFlag(context, { key, change: { enabled: false }, isDown: true, write }, options)
}

/** `sluice split KEY a=50 b=50`: the shares between variants. */
export async function setSplit(
  context: Context,
  [key, typed]: readonly [string, readonly string[]],
  options: NoteOptions,
): Promise<void> {
  const shares = typed.map(parseShare)
  const names = shares.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw usageError(`${twice} is given twice.`, `Type each variant once, as ${twice}=50 other=50`)
  }
  const split = Object.fromEntries(shares)
  const sum = Object.values(split).reduce((total, each) => total + each, 0)
  if (Math.abs(sum - 100) > 1e-9) {
    throw usageError(
      `The shares add up to ${sum}, not to 100.`,
      `Type sluice split ${key} a=50 b=50, with the variants of the flag: sluice flags show ${key} lists them.`,
    )
  }
  const write = (commands: Commands, note: Note) => commands.setSplit(key, split, note)
  await changeFlag(context, { key, change: { split }, write }, options)
}

type Write = Parameters<typeof changeFlag>[1]['write']
type Commands = Parameters<Write>[0]
type Note = Parameters<Write>[1]

function parsePercent(text: string): number {
  const percent = /^\d+(?:\.\d+)?\s*%?$/u.test(text) ? Number.parseFloat(text) : Number.NaN
  if (percent >= 0 && percent <= 100) return percent
  throw usageError(`"${text}" is no percentage.`, 'Type a number from 0 to 100, as 25 or 0.5')
}

function parseShare(text: string): [string, number] {
  const [, name, share] = /^(.+)=(\d+(?:\.\d+)?)%?$/u.exec(text) ?? []
  if (name !== undefined && share !== undefined) return [name, Number(share)]
  throw usageError(
    `${text} is no share of a variant.`,
    'Type a variant and its percent, as on=50 off=50',
  )
}
