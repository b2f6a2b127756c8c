import { longEnvironmentName } from '@sluice/core'
import { confirm } from './confirm.ts'
import type { Context } from './context.ts'
import type { Session } from './session.ts'

/**
 * Asks before something goes up in an environment where that is confirmed first.
 *
 * @throws SluiceError As {@link confirm}.
 */
export async function confirmChange(
  context: Context,
  { config, environment }: Pick<Session, 'config' | 'environment'>,
  question: string,
): Promise<void> {
  const { confirmIn = ['production'] } = config
  if (!confirmIn.map(longEnvironmentName).includes(environment)) return
  await confirm(context, { question, what: `a change in ${environment}` })
}
