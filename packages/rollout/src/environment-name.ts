import { longEnvironmentName } from '@sluice/core'

/**
 * Whether a policy's list of environments has this one, whichever of the two says `prod`, and however it is typed.
 *
 * An environment that is called `Production` is taken for production: a rule that is kept where it need not be costs a
 * question, one that is not kept where it should be is found too late.
 */
export function isAmong(environments: readonly string[], environment: string): boolean {
  const name = environmentName(environment)
  return environments.some((each) => environmentName(each) === name)
}

/** One name for whatever an environment is called, so that no rule is slipped past: `prod` and `Production` are `production`. */
export function environmentName(environment: string): string {
  return longEnvironmentName(environment.trim().toLowerCase())
}
