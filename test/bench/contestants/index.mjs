/** Where each contestant is; loaded one to a process, so that none pays for another. */
const loaders = {
  client: async () => (await import('./sluice-client.mjs')).sluiceClient,
  flagset: async () => (await import('./sluice-flag-set.mjs')).sluiceFlagSet,
  'flagd-core': async () => (await import('./flagd-core.mjs')).flagdCore,
  configcat: async () => (await import('./configcat.mjs')).configcat,
  unleash: async () => (await import('./unleash.mjs')).unleash,
  growthbook: async () => (await import('./growthbook.mjs')).growthbook,
  launchdarkly: async () => (await import('./launchdarkly.mjs')).launchdarkly,
  openfeature: async () => (await import('./openfeature.mjs')).openfeature,
}

/** The names of Sluice's own contestants: a client fed by a log, and a bare flag set. */
export const ownNames = ['client', 'flagset']

/** The names of the peers. */
export const peerNames = Object.keys(loaders).filter((name) => !ownNames.includes(name))

/** Loads one contestant by name. */
export async function openContestant(name) {
  return await loaders[name]()
}
