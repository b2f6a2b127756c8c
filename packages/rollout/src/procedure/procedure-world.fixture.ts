import { createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { createProcedure } from './create-procedure.ts'
import type { Procedure, ProcedureOptions } from './procedure-contract.ts'
import type { Step } from './step.ts'

export const order = { actor: 'ann', reason: 'the new shop', ticket: 'SHOP-1' }
export const ops = { actor: 'olga', reason: 'looks odd' }

/** One log, one clock, and processes on them that come and go. */
export function createWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()
  const open: (() => Promise<void>)[] = []

  /** Another process; its own clock and store where it is to suffer. */
  async function join(
    steps: readonly Step[],
    options: Partial<ProcedureOptions> & { readonly store?: Store } = {},
  ) {
    const { store: own = store, ...given } = options
    const replica = createReplica({ store: own, clock })
    await replica.start()
    const procedure = createProcedure({
      ...{ replica, key: 'procedure/p1', environment: 'production', steps, clock },
      processId: `process-${open.length + 1}`,
      ...given,
    })
    const notices: string[] = []
    const errors: string[] = []
    procedure.on('event', ({ name, level, message }) =>
      notices.push(`${level} ${name}: ${message}`),
    )
    procedure.on('error', (error) => errors.push(String((error as Error)?.message ?? error)))
    open.push(async () => {
      await Promise.all([procedure.stop(), clock.advance(10_000)])
      await replica.close()
    })
    return { replica, procedure, notices, errors }
  }

  async function readLog(): Promise<string[]> {
    const commits = await store.read(0)
    return commits.map(({ actor, action, reason }) => `${actor} ${action}: ${reason}`)
  }

  return {
    ...{ clock, store, join, readLog },
    async close() {
      for (const end of open.splice(0)) await end()
    },
  }
}

/** What became of each step, in short. */
export function phasesOf(procedure: Procedure): string {
  const { state } = procedure
  if (state === undefined) return 'nothing'
  return [state.phase, ...state.steps.map(({ name, phase }) => `${name} ${phase}`)].join(', ')
}
