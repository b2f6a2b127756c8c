import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { SluiceError } from '@sluice/core'
import {
  declaration,
  errorRate,
  explainVerdict,
  latency,
  replay,
  type Tick,
  unpackTick,
} from '@sluice/guards'
import { loadConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { drawVerdicts } from '../rollout/frame-guards.ts'
import { readAlpha, readGuards } from '../rollout/terms.ts'
import { formatDuration, formatInstant } from '../time.ts'
import { usageError } from '../usage-error.ts'

/** What `replay` takes. */
export interface ReplayOptions {
  readonly guards?: string
  readonly alpha?: string
  /** Take the guards that the configuration has for this flag. */
  readonly flag?: string
}

/** `replay FILE`: what guards would have made of recorded ticks. Ends with 2 where they roll back. */
export async function replayFile(
  context: Context,
  [file]: readonly [string],
  { guards: typed, alpha: chance, flag = '*' }: ReplayOptions,
): Promise<ExitCode> {
  const { world, globals, terminal } = context
  const { config } = await loadConfig(world, globals)
  const { rollouts = {}, policy } = config
  const configured = { ...rollouts['*'], ...(Object.hasOwn(rollouts, flag) ? rollouts[flag] : {}) }
  const guards = readGuards(typed, policy) ??
    configured.guards ?? [errorRate(), latency(), declaration()]
  const alpha = readAlpha(chance) ?? configured.alpha ?? 0.01
  if (guards.length === 0)
    throw usageError('There is no guard to replay to.', 'Add --guards error_rate,latency')
  const ticks = await readTicks(resolve(world.cwd, file), file)
  const found = replay(ticks, guards, { alpha })
  terminal.document({ ...found, verdicts: found.verdicts.map(explainVerdict) })
  const first = ticks[0]?.at ?? 0
  const last = ticks.at(-1)?.at ?? 0
  const { width, color } = terminal
  const dropped = found.dropped === 0 ? '' : `, ${found.dropped} dropped`
  terminal.print(
    color.dim(
      `${found.ticks} of ${ticks.length} ticks over ${formatDuration(last - first)}, from ${formatInstant(first)}${dropped}`,
    ),
    '',
    ...found.demands.map(({ at, demand }) => {
      const word = { rollback: 'roll back', hold: 'hold', warn: 'warn' } as const
      return `${formatDuration(at - first).padStart(9)}  ${demand === undefined ? 'nothing is asked for any more' : word[demand]}`
    }),
    ...(found.demands.length === 0 ? ['  they ask for nothing'] : []),
    '',
    ...drawVerdicts(found.verdicts, { width: Math.min(width, 140), color }, ''),
  )
  return found.rollback === undefined ? exitCodes.done : exitCodes.different
}

async function readTicks(path: string, typed: string): Promise<Tick[]> {
  const ticks: Tick[] = []
  let number = 0
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      number += 1
      if (line.trim() !== '') ticks.push(unpackTick(JSON.parse(line)))
    }
  } catch (cause) {
    const { message, code } = cause as { message: string; code?: string }
    const what =
      code === 'ENOENT'
        ? `There is no file ${typed}.`
        : `${typed} cannot be read${number === 0 ? '' : ` at line ${number}`}: ${message}`
    throw new SluiceError(
      'ticks_unreadable',
      `${what}\nIt holds one tick per line, as packTick of @sluice/guards writes them.`,
      { cause },
    )
  }
  if (ticks.length > 0) return ticks
  throw new SluiceError(
    'ticks_unreadable',
    `${typed} holds no tick.\nIt holds one per line, as packTick of @sluice/guards writes them.`,
  )
}
