import { canary, errorRate, latency } from '@sluice/sdk'

/** How the demo is shortened: by configuration alone, along the code path of an hour's stage. */
export const settings = {
  requestsPerSecond: 300,
  /** So many that few fail twice a minute: of a user's errors in a minute, one counts. */
  users: 20_000,
  /** How long the traffic runs before a rollout starts, so that both arms are warm. */
  warmUpMs: 2_000,
  actLimitMs: 60_000,
  plan: canary({
    stages: [5, 25, 50, 100].map((rolloutPercent) => ({ rolloutPercent })),
    monitorMs: 5_000,
    minHoldMs: 1_000,
    verifyQuietMs: 2_000,
    verifyLimitMs: 10_000,
  }),
  guards: [errorRate({ minRequests: 50 }), latency({ minRequests: 50 })],
}

/** In code, the same in every process. */
export const definitions = {
  newCheckout: { description: 'The new checkout page' },
  newPayment: { description: 'The new payment page, with a bug' },
}

/** How many processes serve where they can share a rollout. */
export const servicesInStore = 2

/** One in this many requests of a healthy handler fails. */
export const healthyFailEvery = 100
/** Ten times the errors. */
export const badFailEvery = 10
