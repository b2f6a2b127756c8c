import type { Plan } from '../plan/plan.ts'
import type { ArmRates } from './bet-costs.ts'

/** What a stage brings to the arms, and what came before it. */
export interface StageTraffic {
  readonly rates: ArmRates
  /** The stage before; undefined for the first. */
  readonly before: ArmRates | undefined
  /** Seconds of rollout before the stage. */
  readonly enteredSeconds: number
  readonly monitorSeconds: number
  /** At 100 % there is no stable arm left to compare with. */
  readonly isBlind: boolean
}

/** The traffic of each stage, where none waits and none is repeated. */
export function divideTraffic(plan: Plan, requestsPerSecond: number): StageTraffic[] {
  let enteredSeconds = 0
  let before: ArmRates | undefined
  return plan.stages.map(({ rolloutPercent, monitorMs }) => {
    const canary = (requestsPerSecond * rolloutPercent) / 100
    const rates = { canary, stable: requestsPerSecond - canary }
    const monitorSeconds = monitorMs / 1000
    const isBlind = rolloutPercent === 100
    const stage = { rates, before, enteredSeconds, monitorSeconds, isBlind }
    enteredSeconds += monitorSeconds
    before = rates
    return stage
  })
}
