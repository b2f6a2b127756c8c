import { randomUUID } from 'node:crypto'
import { errorRate } from '@sluice/guards'
import {
  canary,
  createRolloutController,
  type RolledBack,
  type RolloutState,
} from '@sluice/rollout'
import { createReplica } from '@sluice/stores'
import { expect, it } from 'vitest'
import { type Running, runSource, wholeLines } from './faults/processes.ts'
import { openStore } from './services/open-store.ts'
import { postgres } from './services/postgres.ts'
import { redis } from './services/redis.ts'
import { describeWith } from './services/service.ts'

/** As often as controllers look, and no test's business to change. */
const tickMs = 1_000
/** Five seconds are promised; on a machine that does six things at once nobody measures that. */
const ceilingMs = 60_000

interface Told {
  readonly canaryServed: number
  readonly lastCanaryAt: number
  readonly sawRollbackAt: number
  readonly canaryAfterRollback: number
}

/** Waits for what must be said, however slow the machine; the test's own limit ends it. */
async function untilAllSay(all: readonly Running[], text: string): Promise<void> {
  while (!all.every(({ said }) => said().includes(text))) {
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, 50)),
      ...all.map(({ ended }) => ended.then((how) => Promise.reject(new Error(`it ended: ${how}`)))),
    ])
  }
}

for (const kind of [redis, postgres]) {
  describeWith(kind, `four processes over ${kind.name}`, (service) => {
    it('serve the canary to nobody once one of them has decided to go back', {
      timeout: 180_000,
    }, async ({ annotate }) => {
      const name = `shop_${randomUUID().slice(0, 8)}`
      const opened = await openStore(service().url, name)
      const replica = createReplica({ store: opened.store, pollMs: 100 })
      await replica.refresh()
      const shops = [1, 2, 3, 4].map((number) =>
        runSource('shopper', [service().url, name, `shop-${number}`]),
      )
      try {
        await untilAllSay(shops, 'ready')
        const stages = [{ rolloutPercent: 50, monitorMs: 3_600_000 }, { rolloutPercent: 100 }]
        const controller = createRolloutController({
          ...{ replica, environment: 'production', flag: 'checkout', guards: [errorRate()] },
          plan: canary({ stages, maxFirstStagePercent: 50 }),
        })
        await controller.start({ actor: 'ada', reason: 'a test' })
        await untilAllSay(shops, 'serves the canary')
        const failedAt = Date.now()
        for (const { child } of shops) child.kill('SIGUSR2')
        for (const { ended } of shops) expect(await ended).toBe(0)

        await replica.refresh()
        const state = controller.state as RolloutState & RolledBack
        const { detectedAt, decidedAt } = state.rollback
        expect(detectedAt).toBeGreaterThanOrEqual(failedAt)
        expect(decidedAt - detectedAt).toBeLessThanOrEqual(tickMs)
        expect(state.exposure.rollout).toBe(0)
        const told = shops.map(({ said }) => JSON.parse(wholeLines(said()).at(-1) ?? '') as Told)
        for (const { canaryAfterRollback, canaryServed, lastCanaryAt, sawRollbackAt } of told) {
          expect(canaryServed).toBeGreaterThan(0)
          expect(canaryAfterRollback).toBe(0)
          expect(lastCanaryAt).toBeLessThanOrEqual(sawRollbackAt)
          expect(lastCanaryAt - detectedAt).toBeLessThan(ceilingMs)
        }
        const actions = (await opened.store.read(0)).map(({ action }) => action)
        expect(actions.filter((action) => action === 'roll_back')).toHaveLength(1)
        const lastMs = Math.max(...told.map(({ lastCanaryAt }) => lastCanaryAt - detectedAt))
        await annotate(
          `${kind.name}: detected ${detectedAt - failedAt} ms after the canary failed, decided ${decidedAt - detectedAt} ms later; last canary answer ${lastMs} ms after detection`,
        )
      } finally {
        for (const { child } of shops) child.kill('SIGKILL')
        await replica.close()
        await opened.close()
      }
    })
  })
}
