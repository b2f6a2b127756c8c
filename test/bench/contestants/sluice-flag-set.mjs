import { createFlagSet } from '@sluice/core/node'
import { definitionsOf, readersOf } from './sluice-flags.mjs'

/** Sluice's evaluator alone: a compiled flag set. */
export const sluiceFlagSet = {
  name: 'flagset',
  package: '@sluice/core',
  async open(flags) {
    return readersOf(createFlagSet(definitionsOf(flags), { environment: 'production' }))
  },
}
