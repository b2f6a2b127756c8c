import { isOpen, type RolloutState } from '../transition/state.ts'
import type { Journal, RolloutLog } from './journal.ts'
import type { Teller } from './rollout-events.ts'

/**
 * Stops serving the canary in this process from the moment a rollback is decided, until the log has it: the store may be
 * away, and the canary is not to be served meanwhile.
 */
export interface Brake {
  readonly isOn: boolean
  /** Engages, with the exposure that the rollback is going to write. Once more for the same rollout changes nothing. */
  engage(state: RolloutState & { phase: 'rolling_back' }): void
  /** What was decided is not wanted any more. Nothing while somebody keeps it on. */
  release(): void
  /** Keeps it on while a person's word is on its way to the log; answers a function that lets go. */
  keep(): () => void
  /** Releases where the log has the rollback, or the rollout is over or another one. It looks at each change of the log, too. */
  settle(): void
}

/** A brake that is off. It tells `brake` whenever it goes on or off; what serves the canary listens. */
export function createBrake({
  log,
  journal,
  teller,
}: {
  readonly log: RolloutLog
  readonly journal: Journal
  readonly teller: Teller
}): Brake {
  let on: { readonly id: string; readonly tellOff: () => void } | undefined

  let keepers = 0

  function release(): void {
    if (keepers === 0) disengage()
  }

  function disengage(): void {
    const engaged = on
    on = undefined
    engaged?.tellOff()
  }

  function settle(): void {
    if (on === undefined) return
    const state = readState()
    if (state === 'unreadable') return
    if (state === undefined || state.id !== on.id || !isOpen(state)) disengage()
  }

  function readState(): RolloutState | undefined | 'unreadable' {
    try {
      return journal.read().state
    } catch {
      // Whoever cannot read what became of it does not serve the canary again.
      return 'unreadable'
    }
  }

  return {
    get isOn() {
      return on !== undefined
    },

    engage({ id, flag, environment, exposure, rollback: { because, detectedAt } }) {
      if (on?.id === id) return
      disengage()
      // It outlives the controller's `stop`: nobody else would release it.
      const stops = [log.on('change', settle), log.on('reset', settle)]
      const about = { flag, environment, exposure, because, detectedAt }
      on = {
        id,
        tellOff() {
          for (const stop of stops) stop()
          teller.tell('brake', { ...about, isOn: false })
        },
      }
      teller.tell('brake', { ...about, isOn: true })
    },

    keep() {
      let isKeeping = true
      keepers += 1
      return () => {
        if (isKeeping) keepers -= 1
        isKeeping = false
      }
    },

    release,
    settle,
  }
}
