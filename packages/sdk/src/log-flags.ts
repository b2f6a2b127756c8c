import type { Logger } from '@sluice/rollout/deployment'
import type { FlagClient } from '@sluice/stores'

/** What of the log is about what users see; the rest is the work of controllers, told at `debug`. */
const aboutFlags = /^(flag|exposure|segment|rollout|approval)\//
/** More keys in one line nobody reads. */
const mostKeys = 20

/**
 * Tells a team's logger (pino, or `console`) what happens to flags, each line an object and a sentence.
 *
 * `info`: a change that somebody made, with actor, action, reason and keys; live again. `warn`: answers come from a cache
 * or the definitions alone; the log was replaced. `error`: what failed while the last good state stays in service.
 * `debug`: which flags may answer differently now, and the log's other entries. The history that is read at the start is
 * not told. A logger that throws changes nothing.
 *
 * @returns A function that stops.
 */
export function logFlags(
  flags: Pick<FlagClient, 'environment' | 'replica' | 'status' | 'on'>,
  logger: Logger,
): () => void {
  const { environment, replica } = flags
  let isNews = replica.status === 'live'

  function write(level: keyof Logger, object: object, message: string): void {
    try {
      logger[level]({ environment, ...object }, message)
    } catch {
      // Nobody is left to be told.
    }
  }

  const stops = [
    replica.on('change', (commit, keys) => {
      if (!isNews) return
      const { revision, actor, action, reason, ticket } = commit
      const isAboutFlags = keys.some((key) => aboutFlags.test(key))
      const shown = { revision, actor, action, reason, ...(ticket === undefined ? {} : { ticket }) }
      // Who reads twenty keys must see that there were more.
      const count = keys.length > mostKeys ? { count: keys.length } : {}
      const object = { ...shown, keys: few(keys), ...count }
      write(isAboutFlags ? 'info' : 'debug', object, `${actor}: ${action}`)
    }),
    replica.on('status', (status) => {
      if (status === 'live') isNews = true
    }),
    flags.on('change', (keys) =>
      write(
        'debug',
        { flags: few(keys), count: keys.length },
        `${keys.length} ${keys.length === 1 ? 'flag' : 'flags'} may answer differently`,
      ),
    ),
    flags.on('status', (status) => {
      if (status === 'live') write('info', { status }, 'flags are live')
      else
        write(
          'warn',
          { status },
          `flags answer from their ${status === 'cached' ? 'last known state' : 'definitions'}`,
        )
    }),
    flags.on('log.replaced', ({ from, to }) =>
      write('warn', { from: from.revision, to: to.revision }, 'the log was replaced by another'),
    ),
    flags.on('error', (error) => write('error', { err: error, code: error.code }, error.message)),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function few(keys: readonly string[]): readonly string[] {
  return keys.length > mostKeys ? keys.slice(0, mostKeys) : keys
}
