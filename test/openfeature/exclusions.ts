import type { Scenario } from './read-scenarios.ts'

/** Scenarios that are not run, and why. */
export interface Exclusion {
  readonly name: string
  readonly isMeant: (scenario: Scenario) => boolean
  readonly because: string
  /** How many there are: one more is to be looked at. */
  readonly count: number
}

const cached: Exclusion = {
  ...tagged('@reason-codes-cached'),
  because: 'flags are evaluated in the process each time: there is no cache to answer from',
  count: 2,
}

/** What the server SDK over our provider cannot mean. */
export const serverExclusions: readonly Exclusion[] = [cached]

/** What the web SDK over our provider cannot mean. */
export const webExclusions: readonly Exclusion[] = [
  { ...cached, because: 'the answers of a page are evaluated by its server each time' },
  {
    ...tagged('@async'),
    because: 'the web SDK answers at once, from what the page has',
    count: 5,
  },
  {
    name: 'levels below the API',
    isMeant: ({ steps }) =>
      steps.some(({ text }) => /"(Transaction|Client|Invocation|Before Hooks)" level/.test(text)),
    because: 'a page has one user: the web SDK knows the context of the API, and no other',
    count: 23,
  },
]

/** Those that are run. @throws Error where the excluded ones are not those that were counted. */
export function without(
  scenarios: readonly Scenario[],
  exclusions: readonly Exclusion[],
): Scenario[] {
  for (const { name, isMeant, count } of exclusions) {
    const found = scenarios.filter(isMeant).length
    if (found !== count) throw new Error(`${found} scenarios are meant by ${name}, not ${count}`)
  }
  return scenarios.filter((scenario) => !exclusions.some(({ isMeant }) => isMeant(scenario)))
}

function tagged(tag: string): Pick<Exclusion, 'name' | 'isMeant'> {
  return { name: tag, isMeant: ({ tags }) => tags.includes(tag) }
}
