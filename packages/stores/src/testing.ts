/**
 * A clock that tests move, and the contract that a store of your own is held to.
 *
 * @module
 */

export { createManualClock, type ManualClock } from './manual-clock.ts'
export { type StoreUnderTest, storeContract, type TestRunner } from './store-contract.ts'
