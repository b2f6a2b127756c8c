export type { Router } from './router.ts'
export { checkWeights } from './split/check-weights.ts'
export { createSplit, type SplitOptions, type TrafficSplit } from './split/create-split.ts'
