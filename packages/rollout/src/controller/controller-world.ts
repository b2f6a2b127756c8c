import { createReplica, type Replica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import {
  type CreateJudge,
  canary,
  createRolloutController,
  type RolloutController,
  type RolloutControllerOptions,
} from '../index.ts'
import { createManualClock, createVerdict } from '../testing.ts'

export const pass = createVerdict('pass')
export const fail = createVerdict('fail', { because: '12 % errors against 1 %' })
export const unsure = createVerdict('inconclusive')
export const order = { actor: 'ada', reason: 'new checkout', ticket: 'OPS-7' }
export const ops = { actor: 'olga', reason: 'looks odd' }

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 50 }, { rolloutPercent: 100 }],
  monitorMs: 3_000,
})

/** One log, one clock, and processes on them that come and go. */
export async function createWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()
  const open: (() => Promise<void>)[] = []

  async function join(
    judge: CreateJudge,
    options: Partial<RolloutControllerOptions> = {},
  ): Promise<{ replica: Replica; controller: RolloutController; notices: string[] }> {
    const replica = createReplica({ store, clock })
    await replica.start()
    await replica.ready()
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, clock, judge },
      ...options,
    })
    const notices: string[] = []
    controller.on('event', ({ name, message }) => notices.push(`${name}: ${message}`))
    open.push(async () => {
      await controller.stop()
      await replica.close()
    })
    return { replica, controller, notices }
  }

  async function readLog(): Promise<string[]> {
    const commits = await store.read(0)
    return commits.map(({ actor, action, reason, changes }) => {
      const exposure = changes.find(({ key }) => key.startsWith('exposure/'))?.value
      const share = exposure === undefined ? '' : ` ${JSON.stringify(exposure)}`
      return `${actor} ${action}${share}: ${reason}`
    })
  }

  /** Ends every process. */
  async function close(): Promise<void> {
    for (const end of open.splice(0)) await end()
  }

  return { clock, store, join, readLog, close }
}
