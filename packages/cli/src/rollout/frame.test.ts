import { createRolloutController } from '@sluice/rollout'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import picocolors from 'picocolors'
import { expect, it } from 'vitest'
import { drawFrame } from './frame.ts'
import type { ArmRates } from './view.ts'

it('shows an arm that answers within a millisecond, and one that nobody has asked', async () => {
  const clock = createManualClock()
  const replica = createReplica({ store: createMemoryStore(), clock })
  await replica.start()
  const controller = createRolloutController({
    ...{ replica, clock, guards: [], environment: 'staging', flag: 'newCheckout' },
  })
  const state = await controller.start({ actor: 'ada', reason: 'the new checkout' })
  const canary: ArmRates = { requestsPerSecond: 20, errorRatio: 0.01, p95Ms: 0.26 }
  const stable: ArmRates = { requestsPerSecond: 0, errorRatio: undefined, p95Ms: undefined }
  const lines = drawFrame(
    {
      ...{ state, now: clock.now(), observedMs: 0, rates: { canary, stable, processes: 1 } },
      ...{ guards: undefined, onDuty: ['a'], approvals: [], events: [], trouble: undefined },
    },
    { width: 80, color: picocolors.createColors(false) },
  )
  expect(lines.find((line) => line.startsWith('canary'))).toMatch(/20\.0 +1\.00 % +<1 ms/)
  expect(lines.find((line) => line.startsWith('stable'))).toMatch(/0\.0 +– +–/)
  await controller.stop()
  await replica.close()
})
