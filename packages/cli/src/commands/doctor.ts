import { isSluiceError } from '@sluice/core'
import { verifyLog } from '@sluice/stores'
import { loadConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { withSession } from '../session.ts'
import { pad, wrap } from '../text.ts'
import { formatDuration } from '../time.ts'

/** One thing that was looked at. */
interface Finding {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do where it is not ok. */
  readonly remedy?: string
}

/** The oldest Node that the packages run on. */
const leastNode = [20, 19] as const
/** Guards and notices tell time in seconds; a clock that is off by more misleads people, too. */
const mostSkewMs = 30_000
/** A store that takes longer makes every change wait. */
const slowMs = 1_000

/** `sluice doctor`: looks at everything a command needs, and says what to do about it. */
export async function examine(context: Context): Promise<ExitCode> {
  const findings = [checkNode(), await checkConfig(context), ...(await checkLog(context))]
  const isWell = findings.every(({ status }) => status !== 'fail')
  const { terminal } = context
  const { color, width } = terminal
  terminal.document({ ok: isWell, findings })
  const marks = { ok: color.green('✓'), warn: color.yellow('!'), fail: color.red('✗') }
  for (const { name, status, found, remedy } of findings) {
    const [first = '', ...more] = wrap(found, Math.min(width, 110) - 18)
    terminal.print(
      `${marks[status]} ${pad(name, 14)}  ${first}`,
      ...more.map((line) => `${' '.repeat(18)}${line}`),
      ...(remedy === undefined
        ? []
        : wrap(remedy, Math.min(width, 110) - 20).map(
            (line, index) => `${' '.repeat(18)}${color.dim(`${index === 0 ? '→ ' : '  '}${line}`)}`,
          )),
    )
  }
  return isWell ? exitCodes.done : exitCodes.failed
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])
  const found = `Node ${process.versions.node}`
  if (isNew) return { name: 'node', status: 'ok', found }
  const remedy = `Install Node ${leastNode.join('.')} or newer.`
  return { name: 'node', status: 'fail', found, remedy }
}

async function checkConfig({ world, globals }: Context): Promise<Finding> {
  try {
    const { file } = await loadConfig(world, globals)
    if (file !== undefined) return { name: 'configuration', status: 'ok', found: file }
    const remedy = 'sluice init writes one. Without it, --store and --env say where and what.'
    return { name: 'configuration', status: 'warn', found: 'no sluice.config file', remedy }
  } catch (error) {
    return toFailure('configuration', error)
  }
}

async function checkLog(context: Context): Promise<Finding[]> {
  const { clock } = context.world
  const startedAt = clock.now()
  try {
    return await withSession(context, async (session) => {
      const tookMs = clock.now() - startedAt
      const { flags, store, storeName, environment } = session
      const head = flags.replica.head.revision
      return [
        tookMs > slowMs
          ? {
              name: 'store',
              status: 'warn',
              found: `${storeName} answers after ${formatDuration(tookMs)}, at revision ${head}`,
              remedy: 'Every change waits for it. Look at its load and the way to it.',
            }
          : { name: 'store', status: 'ok', found: `${storeName} answers, at revision ${head}` },
        await checkChain(store),
        await checkClock(session.flags.replica, clock.now()),
        checkFlags(environment, flags.snapshot().keys().length),
        checkApprovals((await session.approvals()) !== undefined),
        checkActor(await session.actor(), context),
      ]
    })
  } catch (error) {
    return [toFailure('store', error)]
  }
}

async function checkChain(store: Parameters<typeof verifyLog>[0]): Promise<Finding> {
  const check = await verifyLog(store)
  if (check.ok) {
    const found = `${check.head.revision - check.from.revision} commits verify`
    return { name: 'chain', status: 'ok', found }
  }
  const found = `broken at revision ${check.revision}: ${check.because}`
  const remedy = 'Write nothing to it, and restore a backup: sluice restore FILE --store NEW'
  return { name: 'chain', status: 'fail', found, remedy }
}

/** The log is the only other clock here: what was written in the future was written by another one. */
async function checkClock(
  replica: { history(match: string): Promise<{ readonly at: number; readonly actor: string }[]> },
  now: number,
): Promise<Finding> {
  const latest = (await replica.history('')).reduce<{ at: number; actor: string } | undefined>(
    (last, { at, actor }) => (last === undefined || at > last.at ? { at, actor } : last),
    undefined,
  )
  if (latest === undefined || latest.at - now <= mostSkewMs) {
    return { name: 'clock', status: 'ok', found: 'not behind the log' }
  }
  const found = `${formatDuration(latest.at - now)} behind what ${latest.actor} wrote`
  const remedy = 'One of the two clocks is wrong. Synchronise both by NTP.'
  return { name: 'clock', status: 'warn', found, remedy }
}

function checkFlags(environment: string, count: number): Finding {
  const found = `${count === 1 ? '1 flag' : `${count} flags`} in ${environment}`
  if (count > 0) return { name: 'flags', status: 'ok', found }
  const remedy = 'Name definitions in the configuration, or type sluice apply flags.yaml.'
  return { name: 'flags', status: 'warn', found, remedy }
}

function checkApprovals(areUsed: boolean): Finding {
  if (areUsed) return { name: 'approvals', status: 'ok', found: 'asked for as the policy says' }
  const found = 'nobody is named who could approve: going up in production asks nobody'
  const remedy = 'Name people and roles as directory in the configuration.'
  return { name: 'approvals', status: 'warn', found, remedy }
}

function checkActor(actor: string, { globals, world }: Context): Finding {
  const source = globals.as ? '--as' : world.env.SLUICE_ACTOR ? 'SLUICE_ACTOR' : 'git or the system'
  return { name: 'you', status: 'ok', found: `${actor}, from ${source}` }
}

function toFailure(name: string, error: unknown): Finding {
  const [found = '', ...remedy] = (error as Error).message.split('\n')
  const code = isSluiceError(error) ? ` (${error.code})` : ''
  return {
    ...{ name, status: 'fail', found: `${found}${code}` },
    ...(remedy.length === 0 ? {} : { remedy: remedy.join(' ') }),
  }
}
