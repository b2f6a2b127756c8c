// Starts rollouts whose canary fails at once, one after another, and sees those to their end that others left behind.
import { writeSync } from 'node:fs'
import { canary, createRolloutController, isActive, type RolloutState } from '@sluice/rollout'
import { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'

const [directory, name, rollouts] = process.argv.slice(2) as [string, string, string]
const environment = 'production'
const plan = canary({ monitorMs: 1_000, verifyQuietMs: 10 })
const replica = createReplica({
  ...{ store: createFileStore({ directory }), pollMs: 10, snapshotEvery: 50 },
})
await replica.start()
await replica.ready({ timeoutMs: 60_000 })
const judge = scriptedJudge(() => [createVerdict('fail')])

/** Sees a rollout to its end. */
async function follow(flag: string, isMine: boolean): Promise<void> {
  const controller = createRolloutController({
    ...{ replica, environment, flag, plan, judge, tickMs: 2, actor: name },
  })
  if (isMine) {
    controller.on('brake', ({ isOn }) => {
      // Synchronous: what was said before the kill arrives.
      if (isOn) writeSync(1, `decided ${flag}\n`)
    })
    await controller.start({ actor: name, reason: 'to be rolled back' })
  }
  controller.run()
  while (controller.state === undefined || isActive(controller.state)) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await controller.stop()
}

const left = replica
  .entries(`rollout/${environment}/`)
  .map(({ value }) => value as unknown as RolloutState)
  .filter(isActive)
for (const { phase } of left) writeSync(1, `found ${phase}\n`)
const following = left.map(({ flag }) => follow(flag, false))
for (let count = 0; count < Number(rollouts); count += 1) await follow(`${name}-${count}`, true)
await Promise.all(following)
await replica.close()
