import { SluiceError } from '@sluice/core'
import { isActive, type RolloutState } from '@sluice/rollout'
import type { Context } from '../context.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { runLive } from '../live.ts'
import { drawFrame } from '../rollout/frame.ts'
import { createObserver } from '../rollout/observe.ts'
import { drawRollouts } from '../rollout/rollout-table.ts'
import { streamRollout } from '../rollout/stream.ts'
import { type Session, withSession } from '../session.ts'
import { activeRollouts, listRollouts } from './rollout-status.ts'

/** What `rollout watch` takes. */
export interface WatchOptions {
  /** Ends with 1 where the rollout went back, or was given up. */
  readonly exitStatus?: boolean
}

/** `rollout watch [KEY]` */
export async function watchRollout(
  context: Context,
  [flag]: readonly [string | undefined],
  { exitStatus = false }: WatchOptions,
): Promise<ExitCode> {
  return withSession(context, async (session) => {
    const only = flag ?? findOnly(session)
    if (only === undefined) return watchAll(context, session)
    const last = context.terminal.isLive
      ? await watchOne(context, session, only)
      : await streamRollout(context, session, only)
    if (last === 'interrupted') return exitCodes.interrupted
    return exitStatus && last !== 'quit' ? exitCodeFor(last) : exitCodes.done
  })
}

/** The one rollout under way; undefined where there are several. @throws SluiceError `no_rollout`. */
function findOnly(session: Session): string | undefined {
  const active = activeRollouts(session)
  if (active.length > 1) return undefined
  if (active[0] !== undefined) return active[0].flag
  throw new SluiceError(
    'no_rollout',
    `No rollout is under way in ${session.environment}.\nsluice rollout start KEY --reason "…" begins one; sluice rollout status lists those that are over.`,
  )
}

async function watchOne(
  context: Context,
  session: Session,
  flag: string,
): Promise<RolloutState | 'quit' | 'interrupted'> {
  const { terminal, world } = context
  const observer = createObserver(session, flag, { now: world.clock.now })
  let last: RolloutState | undefined
  const end = await runLive(context, observer.read, (view) => {
    last = view.state
    const { width, color } = terminal
    const isOver = !isActive(view.state)
    const hint = isOver ? [] : ['', color.dim('q quits; the rollout goes on without you')]
    return { lines: [...drawFrame(view, { width, color }), ...hint], isOver }
  })
  // It is over only where a state was seen that is.
  return end === 'over' ? (last as RolloutState) : end
}

/** Several at once: their list, until none of them is under way. */
async function watchAll(context: Context, session: Session): Promise<ExitCode> {
  const { terminal, world } = context
  if (!terminal.isLive) {
    throw new SluiceError(
      'invalid_usage',
      `Several rollouts are under way in ${session.environment}: ${activeRollouts(session)
        .map(({ flag }) => flag)
        .join(', ')}.\nName the one to watch.`,
    )
  }
  const end = await runLive(
    context,
    async () => {
      await session.flags.replica.refresh()
      return listRollouts(session)
    },
    (listed) => {
      const { width, color } = terminal
      const isOver = !listed.some(({ state }) => state !== undefined && isActive(state))
      const hint = isOver
        ? []
        : ['', color.dim('q quits; sluice rollout watch KEY shows one of them')]
      const table = drawRollouts(listed, { width, color, now: world.clock.now() })
      return { lines: [...table, ...hint], isOver }
    },
  )
  return end === 'interrupted' ? exitCodes.interrupted : exitCodes.done
}

function exitCodeFor({ phase }: RolloutState): ExitCode {
  return phase === 'completed' ? exitCodes.done : exitCodes.failed
}
