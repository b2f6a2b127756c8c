import { createHealthRecorder, errorRate } from '@sluice/guards'
import { createRolloutController } from '@sluice/rollout'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { isLeftAlone } from './guards-view.ts'

const order = { actor: 'ada', reason: 'the new checkout' }

async function start(guards: readonly ReturnType<typeof errorRate>[]) {
  const clock = createManualClock()
  const replica = createReplica({ store: createMemoryStore(), clock })
  await replica.start()
  const controller = createRolloutController({
    ...{ replica, clock, guards, environment: 'production', flag: 'newCheckout' },
    source: createHealthRecorder(),
  })
  const state = await controller.start(order)
  const leftAloneAfter = (ms: number) => isLeftAlone(replica, state, state.startedAt + ms)
  return { controller, replica, leftAloneAfter }
}

describe('a rollout that somebody started', () => {
  it('is left alone where nobody took it up within ten seconds', async () => {
    const { replica, leftAloneAfter } = await start([errorRate()])
    expect([leftAloneAfter(9_000), leftAloneAfter(11_000)]).toEqual([false, true])
    await replica.close()
  })

  it('is not, once a controller has looked', async () => {
    const { controller, replica, leftAloneAfter } = await start([errorRate()])
    await controller.tick()
    expect(leftAloneAfter(11_000)).toBe(false)
    await controller.stop()
    await replica.close()
  })

  it('may be looked at without a trace where it has no guards', async () => {
    const { replica, leftAloneAfter } = await start([])
    expect(leftAloneAfter(11_000)).toBe(false)
    await replica.close()
  })
})
