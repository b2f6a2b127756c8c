import type { Scenario } from './read-scenarios.ts'

/** Scenarios that are not run, and why. */
export interface Exclusion {
  readonly tag: string
  readonly because: string
  /** How many there are: one more is to be looked at. */
  readonly count: number
}

/** What an SDK over our provider cannot mean. */
export const serverExclusions: readonly Exclusion[] = [
  {
    tag: '@reason-codes-cached',
    because: 'flags are evaluated in the process each time: there is no cache to answer from',
    count: 2,
  },
]

/** Those that are run. @throws Error where the excluded ones are not those that were counted. */
export function without(
  scenarios: readonly Scenario[],
  exclusions: readonly Exclusion[],
): Scenario[] {
  for (const { tag, count } of exclusions) {
    const found = scenarios.filter(({ tags }) => tags.includes(tag)).length
    if (found !== count) throw new Error(`${found} scenarios are tagged ${tag}, not ${count}`)
  }
  return scenarios.filter(({ tags }) => !exclusions.some(({ tag }) => tags.includes(tag)))
}
