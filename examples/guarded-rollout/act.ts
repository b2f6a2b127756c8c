import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FleetProcess } from '@sluice/guards'
import { createRolloutController, type Flags, type Plan, type RolloutState } from '@sluice/sdk'
import { serving } from './arm-window.ts'
import type { OpenServices } from './services.ts'
import { settings } from './settings.ts'
import type { ShopSightings } from './shop.ts'
import type { View } from './view.ts'

/** One rollout from beginning to end, under traffic. */
export interface Act {
  readonly title: string
  readonly flag: string
  readonly stableFailEvery: number
  readonly canaryFailEvery: number
  readonly plan: Plan
  /** An act that has not ended by then has failed. */
  readonly limitMs: number
}

/** An act, and how it must end. */
export interface PlannedAct extends Act {
  readonly mustEnd: 'completed' | 'rolled_back' | 'any'
}

/** How an act ended. */
export interface ActResult {
  /** Undefined where it did not end in time. */
  readonly state: RolloutState | undefined
  readonly sightings: ShopSightings
  /** What the guards were given: of all services together, and of each. */
  readonly counted: { readonly requests: number; readonly byProcess: readonly FleetProcess[] }
}

/** Phases after which a rollout does nothing more. */
const finalPhases: readonly string[] = ['completed', 'rolled_back', 'aborted']

/** Runs the services, their users and a guarded rollout; answers how the rollout ended. */
export async function playAct(
  act: Act,
  { flags, openServices, view }: { flags: Flags; openServices: OpenServices; view: View },
): Promise<ActResult> {
  const { flag } = act
  const services = await openServices(act)
  const traffic = fork(fileURLToPath(new URL('traffic.ts', import.meta.url)), [
    services.urls.join(','),
    String(settings.requestsPerSecond),
    String(settings.users),
  ])
  // Heard from the beginning: users who die early must end the act as a failure, not hang it.
  const trafficEnd = new Promise((resolve) => traffic.once('exit', resolve))
  const controller = createRolloutController({
    flags,
    flag,
    plan: act.plan,
    guards: settings.guards,
  })
  const stopView = view.follow({ act, controller, fleet: flags.fleet(flag) })
  let state: RolloutState | undefined
  let sightings: ShopSightings
  try {
    await flags.enable(flag, { actor: 'ada', reason: 'ready for its first users' })
    await sleep(settings.warmUpMs)
    controller.run()
    await controller.start({ actor: 'ada', reason: act.title, ticket: 'SHOP-1' })
    state = await waitForEnd(controller, act.limitMs)
  } finally {
    await controller.stop()
    stopView()
    if (traffic.connected) traffic.disconnect()
    await trafficEnd
    sightings = await services.close()
  }
  const { stable, canary } = await flags.fleet(flag).read()
  const counted = {
    requests: stable.requests + canary.requests,
    byProcess: serving(flags.fleet(flag).processes()),
  }
  return { state, sightings, counted }
}

function waitForEnd(
  controller: ReturnType<typeof createRolloutController>,
  limitMs: number,
): Promise<RolloutState | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), limitMs)
    const stop = controller.on('state', (state) => {
      if (!finalPhases.includes(state.phase)) return
      clearTimeout(timer)
      stop()
      resolve(state)
    })
  })
}
