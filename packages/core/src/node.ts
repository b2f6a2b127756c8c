/**
 * Flag sets with every operator, for Node: `defineFlags` and `createFlagSet`.
 *
 * @module
 */

export { type DefinedFlags, defineFlags, type Exact } from './define-flags.ts'
export { allEngines, cidrEngine } from './node-engines.ts'
export { createFlagSet } from './node-flag-set.ts'
