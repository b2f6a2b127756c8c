import { settingsFor } from '@sluice/core'
import type { FindSegment } from '../condition-text.ts'
import type { Context } from '../context.ts'
import { answerLines } from '../explain/answer-lines.ts'
import { readUser } from '../explain/read-user.ts'
import { sourceLines } from '../explain/source-lines.ts'
import { stepLines } from '../explain/step-lines.ts'
import { nameOf } from '../explain/told.ts'
import { withSession } from '../session.ts'
import { parseInstant } from '../time.ts'
import { unknownFlag } from '../usage-error.ts'

/**
 * `sluice flags explain KEY --as USER`: what a user gets, and why, step by step.
 *
 * `--as` names the user here, and not who types: nothing is written.
 */
export async function explainFlag(
  context: Context,
  [key]: readonly [string],
  { at }: { readonly at?: string },
): Promise<void> {
  const { world, globals, terminal } = context
  const user = await readUser(globals.as, world.cwd)
  const now = at === undefined ? world.clock.now() : parseInstant(at, world.clock.now(), '--at')
  await withSession(context, async ({ flags, environment }) => {
    const set = at === undefined ? flags.snapshot() : await flags.at(now)
    const found = set.inspect(key)
    if (found === undefined) throw unknownFlag(key, flags, set.keys())
    const explanation = set.explain(key, user, { now })
    const moved = (await flags.history(key)).findLast(
      (commit) =>
        commit.at <= now &&
        commit.changes.some((change) => change.key === `exposure/${environment}/${key}`),
    )
    terminal.document({ ...explanation, context: user })
    const { definition, exposure } = found
    const settings = settingsFor(key, definition, exposure, environment)
    const subject = nameOf(user, definition)
    const findSegment: FindSegment = (name) => explanation.segments?.[name]
    const told = { explanation, settings, user, subject, findSegment }
    terminal.print(
      ...answerLines(told, terminal.color, at === undefined ? undefined : now),
      '',
      ...stepLines(told, terminal),
      '',
      ...sourceLines(explanation, moved, terminal),
    )
  })
}
