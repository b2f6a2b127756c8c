/** What a setting of the configuration has to be. */
interface Setting {
  readonly fits: (value: unknown) => boolean
  readonly expected: string
}

const isText = (value: unknown) => typeof value === 'string'
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText)
const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The settings there are. What stands deeper is checked by what uses it. */
export const configSettings: { readonly [name: string]: Setting } = {
  store: {
    fits: (value) => isText(value) || typeof value === 'function',
    expected: "an address, as 'redis://…' or './log', or a function that opens a store",
  },
  environment: { fits: isText, expected: "a name, as 'production'" },
  definitions: {
    fits: (value) => isText(value) || isRecord(value),
    expected: "a file, as './flags.yaml', a URL, or an object of flags",
  },
  directory: {
    // A directory may be of a class, and find people elsewhere.
    fits: isRecord,
    expected: "people and their roles, as { 'ann@example.com': ['team_lead'] }",
  },
  policy: {
    fits: (value) => isRecord(value) && isRecord(value.canary) && isRecord(value.approvals),
    expected: 'what definePolicy({ … }) answers',
  },
  rollouts: {
    fits: (value) => isRecord(value) && Object.values(value).every(isRolloutSettings),
    expected: 'terms by flag, as { newCheckout: { plan: canary(), guards: [errorRate()] } }',
  },
  confirmIn: { fits: isTexts, expected: "a list of environments, as ['production']" },
  cache: { fits: isText, expected: "a file, as './.sluice/cache.json'" },
}

function isRolloutSettings(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { plan, guards } = value
  const isPlan = plan === undefined || (isRecord(plan) && Array.isArray(plan.stages))
  return isPlan && (guards === undefined || Array.isArray(guards))
}
