import { type Clock, createReplica, type Replica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import type { ApprovalNotice } from './approval-notice.ts'
import type { Approvals, ApprovalsOptions } from './approvals-contract.ts'
import { createApprovals } from './create-approvals.ts'
import type { ApprovalSubject } from './subject.ts'

export const hourMs = 3_600_000

export const directory = {
  'ann@example.com': ['team_lead'],
  'arno@example.com': ['architect'],
  'both@example.com': ['team_lead', 'architect'],
  'olga@example.com': ['on_call'],
  'dev@example.com': [],
}

export const order = { actor: 'dev@example.com', reason: 'the new checkout', ticket: 'OPS-7' }
export const yes = { actor: 'ann@example.com', reason: 'looks right' }

export const minor: ApprovalSubject = {
  kind: 'rollout',
  environment: 'production',
  target: 'checkout',
  type: 'minor',
  asked: { stages: [5, 25, 50, 100] },
}

/** One log, one true time, and processes whose clocks may be wrong. */
export async function createApprovalsWorld() {
  const truth = createManualClock()
  const store = createMemoryStore()
  const open: (() => Promise<void>)[] = []

  /** @param options.clock Default: the true time. */
  async function join(options: Partial<ApprovalsOptions> = {}): Promise<{
    approvals: Approvals
    replica: Replica
    notices: ApprovalNotice[]
    errors: string[]
  }> {
    const { clock = truth } = options
    // Woken by the store; a poll a second would make a test of two days long.
    const replica = createReplica({ store, clock, pollMs: hourMs })
    await replica.start()
    await replica.ready()
    const approvals = createApprovals({ replica, directory, clock, ...options })
    const notices: ApprovalNotice[] = []
    const errors: string[] = []
    approvals.on('event', (notice) => notices.push(notice))
    approvals.on('error', (error) => errors.push(error.code))
    open.push(async () => {
      await approvals.close()
      await replica.close()
    })
    return { approvals, replica, notices, errors }
  }

  /** A clock whose timers are true and whose time is not. */
  function skewedClock(): Clock & { offsetMs: number; frozenAt: number | undefined } {
    return {
      offsetMs: 0,
      frozenAt: undefined,
      now() {
        return this.frozenAt ?? truth.now() + this.offsetMs
      },
      after: truth.after,
    }
  }

  async function close(): Promise<void> {
    for (const end of open.splice(0)) await end()
  }

  return { clock: truth, store, join, skewedClock, close }
}
