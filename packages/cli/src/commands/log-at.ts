import type { Context } from '../context.ts'
import { withSession } from '../session.ts'
import { tellFlags } from './flags.ts'

/**
 * `sluice log --at TIME`: the flags as the log had them then, over the definitions there are now.
 *
 * @param at Epoch milliseconds.
 */
export function showPast(context: Context, at: number): Promise<void> {
  return withSession(context, async ({ flags }) => {
    if (at > context.world.clock.now()) {
      context.terminal.remark(
        context.terminal.color.dim('That is still to come: so it stands now.'),
      )
    }
    const { head } = await flags.replica.stateAt(at)
    tellFlags(await flags.at(at), { revision: head.revision, at }, context)
  })
}
