/** The flags of the site that the tests visit. */
export const definitions = {
  newProfile: { enabled: true, rollout: 0, environments: ['test'], tags: ['public'] },
  theme: {
    ...{ enabled: true, environments: ['test'], tags: ['public'] },
    variants: { dark: '#000', light: '#fff' },
    split: { dark: 100, light: 0 },
    rules: [{ if: { attribute: 'targetingKey', is: 'bo' }, serve: 'light' }],
  },
  merger: { enabled: true, rollout: 100, environments: ['test'] },
} as const
