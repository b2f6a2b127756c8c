/**
 * Chooses an arm for a key, by weights that may change.
 *
 * @module
 */

export type { Router } from './router.ts'
export { checkWeights } from './split/check-weights.ts'
export { createSplit, type SplitOptions, type TrafficSplit } from './split/create-split.ts'
