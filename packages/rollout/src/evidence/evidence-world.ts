import { createHealthRecorder, errorRate, type Guard } from '@sluice/guards'
import { type Clock, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { canary, createRolloutController, type RolloutControllerOptions } from '../index.ts'
import { createManualClock } from '../testing.ts'

export const plan = canary({ monitorMs: 600_000 })
export const evidenceKey = 'evidence/production/checkout'
export const order = { actor: 'ada', reason: 'new checkout' }

/** What stands in the log under {@link evidenceKey}, as far as tests look at it. */
export interface Kept {
  run: number
  term: number
  isReleased?: true
  checkpoint?: { at: unknown; guards: { state: Record<string, unknown> & { numbers: number[] } }[] }
}

/** One process: its eyes, its hands, and what it counted. */
export type EvidenceProcess = Awaited<
  ReturnType<Awaited<ReturnType<typeof createEvidenceWorld>>['join']>
>

/** One log and one clock; processes that come and go, each with counts of its own. */
export async function createEvidenceWorld(guards: readonly Guard[] = [errorRate()]) {
  const clock = createManualClock()
  const store = createMemoryStore()
  const open: (() => Promise<void>)[] = []

  /** @param aheadMs By how much the process's clock is ahead; may be changed while it lives. */
  async function join(
    options: Partial<RolloutControllerOptions> = {},
    { over = store, aheadMs = 0 }: { over?: Store; aheadMs?: number } = {},
  ) {
    const skew = { aheadMs }
    const own: Clock = { ...clock, now: () => clock.now() + skew.aheadMs }
    const replica = createReplica({ store: over, clock })
    await replica.start()
    await replica.ready()
    const recorder = createHealthRecorder({ now: own.now, epochNow: own.now })
    const errors: unknown[] = []
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, guards, clock: own },
      source: recorder,
      ...options,
    })
    controller.on('error', (error) => errors.push(error))
    open.push(async () => {
      await controller.stop()
      await replica.close()
    })

    /** 20 canary and 380 stable requests. */
    function serve(canaryErrors = 0, stableErrors = 4): void {
      for (let request = 0; request < 400; request++) {
        const isCanary = request < 20
        const isError = isCanary ? request < canaryErrors : request < 20 + stableErrors
        recorder.record(isCanary ? 'canary' : 'stable', !isError, 20)
      }
    }

    /** A second of requests, and a look at it. */
    async function second(canaryErrors = 0, stableErrors = 4): Promise<void> {
      serve(canaryErrors, stableErrors)
      await clock.advance(1_000)
      await controller.tick()
    }
    const evidence = () => controller.verdicts[0]?.evidenceLog ?? 0
    const kept = () => replica.get(evidenceKey)?.value as Kept | undefined
    return { replica, controller, recorder, errors, serve, second, evidence, kept, skew }
  }

  async function close(): Promise<void> {
    for (const end of open.splice(0)) await end()
  }
  return { clock, store, join, close }
}

/** Trouble enough to see, too little to decide. */
export async function gather({ second }: Pick<EvidenceProcess, 'second'>): Promise<void> {
  await second()
  for (let count = 0; count < 4; count++) await second(1)
}
