import type { Context } from '../context.ts'
import { withSession } from '../session.ts'

/** `sluice flags` */
export async function listFlags(context: Context): Promise<void> {
  await withSession(context, async ({ flags }) => {
    context.terminal.print(...flags.snapshot().keys())
  })
}
