import { isActive, type RolloutState } from '@sluice/rollout'
import type { Context } from '../context.ts'
import type { Session } from '../session.ts'
import { clean } from '../text.ts'
import { sayRollout } from './describe.ts'
import { createObserver } from './observe.ts'

const everyMs = 1_000

/**
 * Tells a rollout line by line, for a log file or a program: each thing that happened, and the state it led to.
 *
 * @returns The state it ended in.
 */
export async function streamRollout(
  { terminal, world }: Context,
  session: Session,
  flag: string,
): Promise<RolloutState | 'interrupted'> {
  const { clock, signal } = world
  const observer = createObserver(session, flag, { now: clock.now })
  let told: RolloutState | undefined
  for (;;) {
    const { state, now, trouble } = await observer.read()
    for (const { at, actor, action, reason, revision } of observer.takeNews()) {
      const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
      terminal.print(`${time}  ${clean(actor)}  ${action.replaceAll('_', ' ')}: ${clean(reason)}`)
      terminal.record({ event: { revision, at, actor, action, reason } })
    }
    if (told === undefined || JSON.stringify(told) !== JSON.stringify(state)) {
      terminal.print(sayRollout(state, now))
      terminal.record({ state })
      told = state
    }
    if (trouble !== undefined) terminal.remark(trouble)
    if (!isActive(state)) return state
    await pause()
    if (signal.aborted) return 'interrupted'
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const stop = () => {
        cancel()
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const cancel = clock.after(everyMs, stop, { keepsAlive: true })
      signal.addEventListener('abort', stop)
    })
  }
}
