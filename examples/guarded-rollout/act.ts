import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createRolloutController, type Flags, type RolloutState } from '@sluice/sdk'
import { settings } from './settings.ts'
import { type CanarySightings, openShop } from './shop.ts'
import type { View } from './view.ts'

/** One rollout from beginning to end, under traffic. */
export interface Act {
  readonly title: string
  readonly flag: string
  readonly stableFailEvery: number
  readonly canaryFailEvery: number
}

/** How an act ended. */
export interface ActResult {
  /** Undefined where it did not end in time. */
  readonly state: RolloutState | undefined
  readonly sightings: CanarySightings
}

/** Phases after which a rollout does nothing more. */
const finalPhases: readonly string[] = ['completed', 'rolled_back', 'aborted']

/** Runs a shop, its users and a guarded rollout; answers how the rollout ended. */
export async function playAct(act: Act, flags: Flags, view: View): Promise<ActResult> {
  const { flag } = act
  const shop = await openShop({ flags, ...act })
  const traffic = fork(fileURLToPath(new URL('traffic.ts', import.meta.url)), [
    shop.url,
    String(settings.requestsPerSecond),
    String(settings.users),
  ])
  // Heard from the beginning: users who die early must end the act as a failure, not hang it.
  const trafficEnd = new Promise((resolve) => traffic.once('exit', resolve))
  const controller = createRolloutController({
    flags,
    flag,
    plan: settings.plan,
    guards: settings.guards,
  })
  const stopView = view.follow({ act, controller, recorder: flags.health(flag) })
  try {
    await flags.enable(flag, { actor: 'ada', reason: 'ready for its first users' })
    await sleep(settings.warmUpMs)
    controller.run()
    await controller.start({ actor: 'ada', reason: act.title, ticket: 'SHOP-1' })
    const state = await waitForEnd(controller)
    return { state, sightings: shop.sightings }
  } finally {
    await controller.stop()
    stopView()
    if (traffic.connected) traffic.disconnect()
    await trafficEnd
    await shop.close()
  }
}

function waitForEnd(
  controller: ReturnType<typeof createRolloutController>,
): Promise<RolloutState | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), settings.actLimitMs)
    const stop = controller.on('state', (state) => {
      if (!finalPhases.includes(state.phase)) return
      clearTimeout(timer)
      stop()
      resolve(state)
    })
  })
}
