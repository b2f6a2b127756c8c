import { isSluiceError } from '@sluice/core'
import { verifyLog } from '@sluice/stores'
import { type FoundConfig, loadConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { type CacheCheck, checkCache } from '../doctor/check-cache.ts'
import { checkClock, checkServer } from '../doctor/check-server.ts'
import { checkNode, checkPackages } from '../doctor/check-versions.ts'
import { type Finding, toFailure } from '../doctor/finding.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type Session, withSession } from '../session.ts'
import type { ServerFacts } from '../store/server-facts.ts'
import { pad, wrap } from '../text.ts'
import { formatDuration } from '../time.ts'

/** A store that takes longer makes every change wait. */
const slowMs = 1_000

/** `sluice doctor`: looks at everything a command needs, and says what to do about it. */
export async function examine(context: Context): Promise<ExitCode> {
  const findings = await look(context)
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

async function look(context: Context): Promise<Finding[]> {
  const { world, globals } = context
  const node = checkNode()
  try {
    const found = await loadConfig(world, globals)
    const start = [node, await checkPackages(found.folder), toFinding(found)]
    return [...start, ...(await checkLog(context, found))]
  } catch (error) {
    // Without it nobody knows which store is meant.
    return [node, await checkPackages(world.cwd), toFailure('configuration', error)]
  }
}

function toFinding({ file }: FoundConfig): Finding {
  if (file !== undefined) return { name: 'configuration', status: 'ok', found: file }
  const remedy = 'sluice init writes one. Without it, --store and --env say where and what.'
  return { name: 'configuration', status: 'warn', found: 'no sluice.config file', remedy }
}

async function checkLog(context: Context, found: FoundConfig): Promise<Finding[]> {
  const { clock } = context.world
  const startedAt = clock.now()
  try {
    return await withSession(context, async (session) => {
      const tookMs = clock.now() - startedAt
      const { flags, store, storeName, environment } = session
      const { head } = flags.replica
      const commits = await flags.replica.history('')
      const server = await askServer(session)
      const now = clock.now()
      return [
        tookMs > slowMs
          ? {
              name: 'store',
              status: 'warn',
              found: `${storeName} answers after ${formatDuration(tookMs)}, at revision ${head.revision}`,
              remedy: 'Every change waits for it. Look at its load and the way to it.',
            }
          : {
              name: 'store',
              status: 'ok',
              found: `${storeName} answers, at revision ${head.revision}`,
            },
        await checkChain(store),
        ...serverFindings(server),
        checkClock(commits, now, server instanceof Error ? undefined : server?.at),
        ...(await checkCacheOf(found, { head, headAt: commits.at(-1)?.at, now })),
        checkFlags(environment, flags.snapshot().keys().length),
        checkApprovals((await session.approvals()) !== undefined),
        checkActor(await session.actor(), context),
      ]
    })
  } catch (error) {
    const cache = await checkCacheOf(found, {
      head: undefined,
      headAt: undefined,
      now: clock.now(),
    })
    return [toFailure(isDamage(error) ? 'chain' : 'store', error), ...cache]
  }
}

/** A store that answers may still hold a log that nobody can read. */
function isDamage(error: unknown): boolean {
  return isSluiceError(error) && /^(?:corrupt|broken)_/u.test(error.code)
}

/** A user of a server may be kept from asking it: then it works, and tells nothing of itself. */
async function askServer({ askServer: ask }: Session): Promise<ServerFacts | Error | undefined> {
  try {
    return await ask?.()
  } catch (error) {
    return error as Error
  }
}

/** What is found of the server; nothing where there is none. */
function serverFindings(server: ServerFacts | Error | undefined): Finding[] {
  if (server === undefined) return []
  if (!(server instanceof Error)) return [checkServer(server)]
  return [{ name: 'server', status: 'warn', found: `it tells nothing: ${server.message}` }]
}

/** Where the configuration names a cache. */
async function checkCacheOf(
  { config: { cache }, folder }: FoundConfig,
  known: Pick<CacheCheck, 'head' | 'headAt' | 'now'>,
): Promise<Finding[]> {
  return cache === undefined ? [] : [await checkCache({ cache, folder, ...known })]
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
