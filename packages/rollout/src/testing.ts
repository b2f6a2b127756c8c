export { createManualClock, type ManualClock } from '@sluice/stores/testing'
export { createVerdict, scriptedJudge } from './evidence/scripted-judge.ts'
