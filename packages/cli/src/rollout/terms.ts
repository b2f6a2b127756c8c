import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SluiceError } from '@sluice/core'
import { declaration, errorRate, type Guard, latency } from '@sluice/guards'
import { canary, type Plan, type Policy, parsePlan, policyGuards } from '@sluice/rollout'
import { parseDuration } from '../duration.ts'
import type { SluiceConfig } from '../sluice-config.ts'
import { suggest, usageError } from '../usage-error.ts'

/** What may be typed about a rollout that is to begin. */
export interface TermsOptions {
  /** `canary`, or a file that holds a plan as JSON. */
  readonly plan?: string
  /** `5,25,50,100` */
  readonly stages?: string
  /** `1h` */
  readonly monitor?: string
  /** `error_rate,latency`, `policy`, `none` */
  readonly guards?: string
  readonly alpha?: string
  readonly type?: string
}

/** What a rollout is going to be. */
export interface Terms {
  readonly plan: Plan
  readonly guards: readonly Guard[]
  readonly alpha: number
  /** Undefined: the policy's default. */
  readonly type: string | undefined
}

/** Where no plan, no guards and no alpha are named: those of a controller, and the guards that need nothing of a service. */
const defaultAlpha = 0.01
const defaultGuards = () => [errorRate(), latency(), declaration()]

const guardNames: { readonly [name: string]: (policy: Policy | undefined) => readonly Guard[] } = {
  error_rate: () => [errorRate()],
  latency: () => [latency()],
  declaration: () => [declaration()],
  policy: (policy) => policyGuards(policy === undefined ? {} : { policy: policy.health }),
  none: () => [],
}

/**
 * The terms of a rollout: what is typed goes before what the configuration says of the flag, that before what it says of
 * all (`*`), that before the policy.
 *
 * @throws SluiceError `invalid_usage`; `invalid_plan`; `plan_unreadable`.
 */
export async function findTerms(
  flag: string,
  options: TermsOptions,
  { config, cwd }: { readonly config: SluiceConfig; readonly cwd: string },
): Promise<Terms> {
  const { rollouts = {}, policy } = config
  const own = Object.hasOwn(rollouts, flag) ? rollouts[flag] : undefined
  const configured = { ...rollouts['*'], ...own }
  const typed = await readPlan(options, policy, cwd)
  return {
    plan: typed ?? configured.plan ?? canary({}, policy),
    guards: readGuards(options.guards, policy) ?? configured.guards ?? defaultGuards(),
    alpha: readAlpha(options.alpha) ?? configured.alpha ?? defaultAlpha,
    type: options.type ?? configured.type,
  }
}

async function readPlan(
  { plan, stages, monitor }: TermsOptions,
  policy: Policy | undefined,
  cwd: string,
): Promise<Plan | undefined> {
  const isFile = plan !== undefined && plan !== 'canary'
  if (isFile && (stages !== undefined || monitor !== undefined)) {
    throw usageError(
      `The plan in ${plan} has stages of its own.`,
      'Leave out --plan, or --stages and --monitor.',
    )
  }
  if (isFile) return readPlanFile(resolve(cwd, plan), plan)
  if (plan === undefined && stages === undefined && monitor === undefined) return undefined
  return canary(
    {
      ...(stages === undefined ? {} : { stages: readStages(stages) }),
      ...(monitor === undefined ? {} : { monitorMs: parseDuration(monitor, '--monitor') }),
    },
    policy,
  )
}

async function readPlanFile(file: string, typed: string): Promise<Plan> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new SluiceError(
      'plan_unreadable',
      `There is no plan ${typed}: neither the word canary, nor a file that can be read.\nAdd --stages 5,25,50,100, or name a JSON file that holds a plan.`,
      { cause },
    )
  }
  try {
    return parsePlan(JSON.parse(text))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new SluiceError('plan_unreadable', `${typed} holds no JSON: ${cause.message}`, { cause })
  }
}

function readStages(typed: string): { rolloutPercent: number }[] {
  return typed.split(',').map((part) => {
    const text = part.trim().replace(/\s*%$/u, '')
    const rolloutPercent = text === '' ? Number.NaN : Number(text)
    if (Number.isFinite(rolloutPercent)) return { rolloutPercent }
    throw usageError(
      `--stages ${typed} is no list of percentages: found "${part.trim()}".`,
      'Write --stages 5,25,50,100',
    )
  })
}

/** The guards that a list of names stands for; undefined where none is given. @throws SluiceError `invalid_usage`. */
export function readGuards(
  typed: string | undefined,
  policy: Policy | undefined,
): readonly Guard[] | undefined {
  return typed?.split(',').flatMap((part) => {
    const name = part.trim()
    const make = Object.hasOwn(guardNames, name) ? guardNames[name] : undefined
    if (make !== undefined) return make(policy)
    throw usageError(
      `There is no guard "${name}" to name here.`,
      suggest(name, Object.keys(guardNames)) ?? `There is ${Object.keys(guardNames).join(', ')}.`,
      'Others go into sluice.config.ts, under rollouts.',
    )
  })
}

/** A chance as a number or in percent. @throws SluiceError `invalid_usage`. */
export function readAlpha(typed: string | undefined): number | undefined {
  return typed === undefined ? undefined : parseRatio(typed, '--alpha', '0.01 or 1%')
}

/**
 * Reads a share as people type it: `0.5%` or `0.005`.
 *
 * @returns Above 0 and below 1.
 * @throws SluiceError `invalid_usage`.
 */
export function parseRatio(typed: string, option: string, example: string): number {
  const text = typed.trim()
  const isPercent = text.endsWith('%')
  const number = Number(isPercent ? text.slice(0, -1).trim() : text)
  const ratio = isPercent ? number / 100 : number
  if (text !== '' && ratio > 0 && ratio < 1) return ratio
  throw usageError(`${option} ${typed} is no share between 0 and 1.`, `Write ${option} ${example}`)
}
