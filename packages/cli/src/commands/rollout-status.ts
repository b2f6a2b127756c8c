import { isActive, parseRolloutState, type RolloutState } from '@sluice/rollout'
import { rolloutKey } from '@sluice/stores'
import type { Context } from '../context.ts'
import { drawFrame } from '../rollout/frame.ts'
import { createObserver } from '../rollout/observe.ts'
import { drawRollouts, type ListedRollout } from '../rollout/rollout-table.ts'
import { type Session, withSession } from '../session.ts'

/** `rollout status [KEY]` */
export async function showStatus(
  context: Context,
  [flag]: readonly [string | undefined],
): Promise<void> {
  await withSession(context, (session) =>
    flag === undefined ? showAll(context, session) : showOne(context, session, flag),
  )
}

async function showAll({ terminal, world }: Context, session: Session): Promise<void> {
  const { environment } = session
  const listed = listRollouts(session)
  terminal.document(listed.map(({ flag, state, fault }) => ({ flag, state, fault })))
  if (listed.length === 0) {
    terminal.print(`no rollout in ${environment}`)
    return
  }
  const { width, color } = terminal
  terminal.print(...drawRollouts(listed, { width, color, now: world.clock.now() }))
}

async function showOne(
  { terminal, world }: Context,
  session: Session,
  flag: string,
): Promise<void> {
  const view = await createObserver(session, flag, { now: world.clock.now }).read()
  terminal.document(view)
  const { width, color } = terminal
  terminal.print(...drawFrame(view, { width, color }).slice(1))
}

/** Every rollout of the environment: those under way first, then by flag. */
export function listRollouts({ flags, environment }: Session): ListedRollout[] {
  const prefix = rolloutKey(environment, '')
  const listed = flags.replica.entries(prefix).map(({ key, value }): ListedRollout => {
    const flag = key.slice(prefix.length)
    try {
      return { flag, state: parseRolloutState(value) }
    } catch (error) {
      return { flag, fault: (error as Error).message }
    }
  })
  const rank = ({ state }: ListedRollout) => (state === undefined || isActive(state) ? 0 : 1)
  return listed.sort((one, other) => rank(one) - rank(other))
}

/** Those of them that are not over. */
export function activeRollouts(session: Session): RolloutState[] {
  return listRollouts(session).flatMap(({ state }) =>
    state !== undefined && isActive(state) ? [state] : [],
  )
}
