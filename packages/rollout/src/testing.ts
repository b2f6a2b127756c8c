/**
 * A clock that tests move, and guards that say what a test has written.
 *
 * @module
 */

export { createManualClock, type ManualClock } from '@sluice/stores/testing'
export { createVerdict, scriptedJudge } from './evidence/scripted-judge.ts'
