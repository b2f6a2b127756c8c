export { createManualClock, type ManualClock } from '@sluice/stores/testing'
export { createVerdict, scriptedJudge } from './scripted-judge.ts'
