/** Where a flag's definition stands in the log. */
export function flagKey(flag: string): string {
  return `flag/${flag}`
}

/** Where a segment stands in the log. */
export function segmentKey(segment: string): string {
  return `segment/${segment}`
}

/** Where a flag's exposure in one environment stands in the log. */
export function exposureKey(environment: string, flag: string): string {
  return `exposure/${environment}/${flag}`
}

/** Where the state of a flag's rollout in one environment stands in the log. */
export function rolloutKey(environment: string, flag: string): string {
  return `rollout/${environment}/${flag}`
}

/** Whether a log key is about the flag, in one environment or in any. */
export function isAboutFlag(key: string, flag: string, environment?: string): boolean {
  if (key === flagKey(flag)) return true
  if (environment !== undefined) {
    return key === exposureKey(environment, flag) || key === rolloutKey(environment, flag)
  }
  return /^(?:exposure|rollout)\/[^/]+\//.test(key) && key.split('/').slice(2).join('/') === flag
}
