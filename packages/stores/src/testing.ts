export { createManualClock, type ManualClock } from './manual-clock.ts'
export { type StoreUnderTest, storeContract, type TestRunner } from './store-contract.ts'
