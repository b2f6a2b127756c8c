import type { RolloutState } from '../transition/state.ts'

/** What the log says of the environment that a change comes from. */
export interface SoakScene {
  readonly environment: string
  readonly state: RolloutState | undefined
  /** The last evidence of the rollout says how long its last stage was observed; absent where it says nothing. */
  readonly observed:
    | { readonly stage: number; readonly enteredAt: number; readonly observedMs: number }
    | undefined
  /** Somebody moved the exposure after the rollout ended, be it that it was put back since. */
  readonly isMoved: boolean
  /** The flag's definition was written into the log after the last stage was entered. */
  readonly isRedefined: boolean
  /** Where it goes to, it was rolled back after this rollout ended. */
  readonly isRolledBackSince: boolean
}

/** Whether something is met, and why. */
export interface Finding {
  readonly isMet: boolean
  readonly because: string
}

/** Evidence is written once a minute: the last minute before the end, and one that a store was slow, may be missing in it. */
const checkpointSlackMs = 120_000

/**
 * Whether a change was healthy for long enough where it comes from (P9): pure.
 *
 * It is the time that was observed that counts, and the time that elapsed; a rollout that somebody pushed to its end was not watched.
 */
export function findSoak(scene: SoakScene, soakMs: number): Finding {
  const { environment, state, observed, isMoved, isRedefined, isRolledBackSince } = scene
  if (soakMs <= 0) return met('the policy asks for no time')
  if (state === undefined) return unmet(`nothing was rolled out in ${environment}`)
  if (state.phase !== 'completed') {
    return unmet(`the rollout in ${environment} is ${state.phase}, not completed`)
  }
  const last = state.plan.stages.length - 1
  const plannedMs = state.plan.stages[last]?.monitorMs ?? 0
  if (plannedMs < soakMs) {
    const because = `the plan in ${environment} watches its last stage for ${hours(plannedMs)}, and ${hours(soakMs)} are wanted (soakPlan makes one)`
    return unmet(because)
  }
  if (isMoved) {
    return unmet(`the exposure in ${environment} was moved since the rollout completed`)
  }
  if (isRedefined) {
    return unmet(`the flag was defined anew since its last stage began in ${environment}`)
  }
  if (isRolledBackSince) {
    return unmet(
      `it was rolled back after it soaked in ${environment}: fix it, and test it there anew`,
    )
  }
  if (observed?.stage !== last) {
    return unmet(`nothing says how long the last stage in ${environment} was observed`)
  }
  const elapsedMs = state.completedAt - observed.enteredAt
  if (elapsedMs < soakMs || observed.observedMs < soakMs - checkpointSlackMs) {
    const seen = hours(Math.min(elapsedMs, observed.observedMs))
    return unmet(`the last stage in ${environment} was watched for ${seen} of ${hours(soakMs)}`)
  }
  return met(`healthy in ${environment} for ${hours(soakMs)}, observed`)
}

/** That something is met. */
export function met(because: string): Finding {
  return { isMet: true, because }
}

/** That something is missing. */
export function unmet(because: string): Finding {
  return { isMet: false, because }
}

const hourMs = 3_600_000

function hours(ms: number): string {
  return `${Math.floor((ms / hourMs) * 100) / 100} h`
}
