import { resolve } from 'node:path'
import { SluiceError } from '@sluice/core'
import type { Approvals } from '@sluice/rollout'
import { type FlagClient, type FlagCommands, openFlags, type Store } from '@sluice/stores'
import { findActor } from './actor.ts'
import { type FoundConfig, loadConfig } from './config.ts'
import type { Context } from './context.ts'
import { findEnvironment } from './environment.ts'
import type { OpenedStore, SluiceConfig } from './sluice-config.ts'
import { openStore } from './store/open-store.ts'
import type { OpenStore } from './store/store-contract.ts'
import { withStoreRemedy } from './store/store-remedy.ts'

/** An open log, the flags over it, and who is at work; valid until the callback of `withSession` is over. */
export interface Session {
  readonly flags: FlagClient
  readonly store: Store
  /** The store's address, without a password, for messages. */
  readonly storeName: string
  /** As {@link OpenStore}'s. */
  readonly askServer: OpenStore['askServer']
  readonly environment: string
  readonly config: SluiceConfig
  /** The folder that relative paths of the configuration start from. */
  readonly folder: string
  /** Who is named in the log. Asked once, of git if need be. */
  actor(): Promise<string>
  /** Approvals, where they are in use: see {@link usesApprovals}. */
  approvals(): Promise<Approvals | undefined>
  /** The commands of the flags, in which nothing goes up unapproved where approvals are in use. */
  commands(): Promise<FlagCommands>
}

/**
 * Runs a command's work over an open log, and closes everything after it, whatever happens.
 *
 * @throws SluiceError `store_not_named`; what kept the log from being read; what the work throws.
 */
export async function withSession<T>(
  context: Context,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const found = await loadConfig(context.world, context.globals)
  const environment = findEnvironment(context.world, context.globals, found.config)
  const opened = await openConfiguredStore(context, found)
  try {
    const flags = openFlags({
      store: opened.store,
      environment,
      clock: context.world.clock,
      ...(await definitionsOf(found)),
    })
    const closing: (() => Promise<void>)[] = [() => flags.close()]
    try {
      await live(flags, opened.name)
      const shared = shareLazily(context, found.config, flags, closing)
      return await work({
        ...{ flags, store: opened.store, storeName: opened.name, environment },
        askServer: opened.askServer,
        ...{ config: found.config, folder: found.folder, ...shared },
      })
    } finally {
      for (const close of closing.reverse()) await close()
    }
  } catch (error) {
    throw withStoreRemedy(error, opened)
  } finally {
    await opened.close()
  }
}

/**
 * Opens the store alone, for commands that read the log itself and no flags.
 *
 * @throws SluiceError `store_not_named`, and what opening throws.
 */
export async function withStore<T>(
  context: Context,
  work: (opened: OpenStore, found: FoundConfig) => Promise<T>,
): Promise<T> {
  const found = await loadConfig(context.world, context.globals)
  const opened = await openConfiguredStore(context, found)
  try {
    return await work(opened, found)
  } catch (error) {
    throw withStoreRemedy(error, opened)
  } finally {
    await opened.close()
  }
}

/** `--store` and `SLUICE_STORE` start from the current folder, the configuration from its own. */
async function openConfiguredStore(
  { world, globals }: Context,
  { config, folder }: FoundConfig,
): Promise<OpenStore> {
  const { env, cwd } = world
  const typed = globals.store || env.SLUICE_STORE
  if (typed) return openStore({ where: typed, folder: cwd, env })
  if (typeof config.store === 'string') return openStore({ where: config.store, folder, env })
  if (typeof config.store !== 'function') throw notNamed()
  const { store, close } = checkOpened(await config.store())
  return {
    store,
    name: 'the store of sluice.config',
    async close() {
      await store.close()
      await close?.()
    },
  }
}

/** A configuration in JavaScript may answer anything. */
function checkOpened(opened: OpenedStore): OpenedStore {
  const { read, append } = (opened?.store ?? {}) as { read?: unknown; append?: unknown }
  if (typeof read === 'function' && typeof append === 'function') return opened
  throw new SluiceError(
    'invalid_config',
    'store in sluice.config opens no store.\nWrite store: () => ({ store: createRedisStore({ … }), close: () => client.destroy() })',
    { pointer: '/store' },
  )
}

function notNamed(): SluiceError {
  return new SluiceError(
    'store_not_named',
    [
      'Where is the log? No store is named.',
      'Add --store ./folder (or redis://, postgres://, nats://, https://), set SLUICE_STORE,',
      'or type sluice init, which writes a sluice.config.ts that names one.',
    ].join('\n'),
  )
}

async function definitionsOf({ config, folder }: FoundConfig) {
  const { definitions } = config
  if (definitions === undefined) return {}
  if (typeof definitions !== 'string') return { definitions }
  if (!/^https?:\/\//u.test(definitions)) return { definitionsFrom: resolve(folder, definitions) }
  const { urlSource } = await import('@sluice/stores/http')
  return { definitionsFrom: urlSource(definitions) }
}

/** Waits for the log; what kept it away is the error, and not that it took too long. */
async function live(flags: FlagClient, name: string): Promise<void> {
  let cause: SluiceError | undefined
  const stop = flags.on('error', (error) => {
    cause = error
  })
  try {
    await flags.replica.refresh()
  } catch (error) {
    throw cause ?? error
  } finally {
    stop()
  }
  if (await flags.ready()) return
  throw cause ?? new SluiceError('store_unreachable', `The log at ${name} does not answer.`)
}

/** What not every command needs is made when it is first asked for. */
function shareLazily(
  context: Context,
  config: SluiceConfig,
  flags: FlagClient,
  closing: (() => Promise<void>)[],
): Pick<Session, 'actor' | 'approvals' | 'commands'> {
  let actor: Promise<string> | undefined
  let approvals: Promise<Approvals | undefined> | undefined
  const session = {
    actor: () => {
      actor ??= findActor(context)
      return actor
    },
    approvals: () => {
      approvals ??= openApprovals(context, config, flags, closing)
      return approvals
    },
    async commands() {
      const desk = await session.approvals()
      if (desk === undefined) return flags
      const { guardFlagCommands } = await import('@sluice/rollout')
      const { policy } = config
      return guardFlagCommands(flags, desk, policy === undefined ? {} : { policy })
    },
  }
  return session
}

async function openApprovals(
  { world }: Context,
  config: SluiceConfig,
  flags: FlagClient,
  closing: (() => Promise<void>)[],
): Promise<Approvals | undefined> {
  if (!usesApprovals(config, flags)) return undefined
  const { createApprovals } = await import('@sluice/rollout')
  const { directory = {}, policy } = config
  const approvals = createApprovals({
    ...{ replica: flags.replica, directory, clock: world.clock },
    ...(policy === undefined ? {} : { policy }),
  })
  closing.push(() => approvals.close())
  return approvals
}

/**
 * Whether going up needs approvals here: where the configuration names who may give them, and where the
 * log holds requests already, so that a machine without the configuration is no way around them.
 */
function usesApprovals({ directory }: SluiceConfig, { replica }: FlagClient): boolean {
  return directory !== undefined || replica.keys('approval/').length > 0
}
