import { SluiceError } from '@sluice/core'

/** Where a flag's definition stands in the log. */
export function flagKey(flag: string): string {
  return `flag/${flag}`
}

/** Where a segment stands in the log. */
export function segmentKey(segment: string): string {
  return `segment/${segment}`
}

/**
 * Where a flag's exposure in one environment stands in the log.
 *
 * @throws SluiceError `invalid_environment`.
 */
export function exposureKey(environment: string, flag: string): string {
  return `exposure/${checkEnvironment(environment)}/${flag}`
}

/**
 * Where the state of a flag's rollout in one environment stands in the log.
 *
 * @throws SluiceError `invalid_environment`.
 */
export function rolloutKey(environment: string, flag: string): string {
  return `rollout/${checkEnvironment(environment)}/${flag}`
}

/** Whether a log key is about the flag, in any environment. */
export function isAboutFlag(key: string, flag: string): boolean {
  // Flags may have slashes in their keys, environments may not.
  return key === flagKey(flag) || /^(?:exposure|rollout)\/[^/]+\/(.+)$/su.exec(key)?.[1] === flag
}

/**
 * Names fit for a part of a log key that stands for itself alone: with a slash, `eu/production` and
 * its flag `a` would be taken for `eu` and its flag `production/a`.
 */
const environmentName = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u

function checkEnvironment(name: string): string {
  if (typeof name === 'string' && environmentName.test(name)) return name
  const found = typeof name === 'string' ? JSON.stringify(name) : String(name)
  const expected = '1 to 64 letters, digits, dots, hyphens or underscores, as in "production"'
  throw new SluiceError(
    'invalid_environment',
    `${found} cannot name an environment: expected ${expected}.`,
    { expected, found },
  )
}
