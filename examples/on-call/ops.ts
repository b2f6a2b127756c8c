// What an on-call engineer types: docs/runbook.md says when. It needs the log, and nothing of the services.
//
//   ops status                         ops kill <flag> --reason …
//   ops log [flag]                     ops rollback | pause | resume | promote | abort <flag> --reason …
//                                      ops declare <flag> <condition> --reason …
//
// SLUICE_STORE says where the log is, SLUICE_ENVIRONMENT which environment; --as who you are.
import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { type DeclaredCondition, declaredConditions } from '@sluice/guards'
import { createRolloutController, parseRolloutState } from '@sluice/rollout'
import type { FlagClient, Replica } from '@sluice/stores'
import { describeCommit, describeRollout } from './describe.ts'
import { openLog } from './open-log.ts'

const { values, positionals } = readWords()
const { environment } = values
const [command = 'status', flag, condition] = positionals
/** What guards write down for each other, and no person needs at night. */
const bookkeeping: readonly string[] = ['watch', 'keep_evidence']
const say = (line: string) => process.stdout.write(`${line}\n`)

try {
  if (values.store === '') throw new Error('say where the log is: SLUICE_STORE, or --store')
  const { flags, close } = await openLog(values.store, environment)
  try {
    await run(flags)
  } finally {
    await close()
  }
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  process.stderr.write(`${code === undefined ? '' : `${code}: `}${message}\n`)
  process.exitCode = 1
}

/** A word that is none ends it with one line, not with a trace of calls. */
function readWords() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        store: { type: 'string', default: process.env.SLUICE_STORE ?? '' },
        environment: { type: 'string', default: process.env.SLUICE_ENVIRONMENT ?? 'production' },
        as: { type: 'string', default: userInfo().username },
        reason: { type: 'string' },
        ticket: { type: 'string' },
      },
    })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(1)
  }
}

async function run(flags: FlagClient): Promise<void> {
  const { replica } = flags
  if (command === 'status') return showStatus(replica)
  if (command === 'log') return showLog(replica)
  if (flag === undefined) throw new Error(`${command} which flag?`)
  const order = orderOf()
  if (command === 'kill') {
    await flags.disable(flag, order)
    say(`${flag} is off in ${environment}, for everybody, in every process that sees the log`)
    return
  }
  const controller = createRolloutController({ replica, environment, flag, actor: values.as })
  const commands = {
    rollback: () => controller.rollBack(order),
    pause: () => controller.pause(order),
    resume: () => controller.resume(order),
    promote: () => controller.promote(order),
    abort: () => controller.abort(order),
    declare: () => controller.declare(parseCondition(), order),
  }
  if (!Object.hasOwn(commands, command)) throw new Error(`there is no command ${command}`)
  const state = await commands[command as keyof typeof commands]()
  say(describeRollout(state, Date.now()))
}

function showStatus(replica: Replica): void {
  const rollouts = replica.entries(`rollout/${environment}/`)
  if (rollouts.length === 0) {
    const others = new Set(replica.entries('rollout/').map(({ key }) => key.split('/')[1]))
    say(
      `no rollout in ${environment}${others.size > 0 ? `, but in ${[...others].join(', ')}` : ''}`,
    )
  }
  for (const { value } of rollouts) say(describeRollout(parseRolloutState(value), Date.now()))
}

async function showLog(replica: Replica): Promise<void> {
  const commits = await replica.history((key) => flag === undefined || key.endsWith(`/${flag}`))
  const told = commits.filter(({ action }) => !bookkeeping.includes(action))
  for (const commit of told.slice(-20)) say(describeCommit(commit))
}

function orderOf() {
  const { as: actor, reason, ticket } = values
  if (reason === undefined) throw new Error('say why: --reason "…"; it goes into the log')
  return { actor, reason, ...(ticket === undefined ? {} : { ticket }) }
}

function parseCondition(): DeclaredCondition {
  const found = declaredConditions.find((each) => each === condition)
  if (found !== undefined) return found
  throw new Error(`declare one of ${declaredConditions.join(', ')}`)
}
