import assert from 'node:assert/strict'
import type { Commit, CommitDraft, Head } from '@sluice/stores'
import type { Process } from './fleet.ts'
import type { ModelLog } from './model-log.ts'
import { chainTo } from './witness.ts'

/** The commits of a schedule, each under a name of its own, and how each ended. */
export interface Ledger {
  readonly isSettled: boolean
  /** Begins a commit; nobody waits for it. */
  begin(process: Process, request: Request): void
  /** Fails where the log and what the writers were told do not agree. */
  audit(): void
}

/** What is to be written, and from what it was decided. */
export interface Request {
  readonly changes: CommitDraft['changes']
  /** Default: the keys changed. */
  readonly dependsOn?: readonly string[] | undefined
  /** The head that the decision was made at. Default: the replica's. */
  readonly basedOn?: Head | undefined
}

interface Acknowledged {
  readonly commit: Commit
  readonly name: string
  readonly dependsOn: readonly string[]
  readonly basedOn: Head | undefined
}

/**
 * An outcome is open only after this many calls that went wrong: each try takes one at least. One whose
 * position was compacted meanwhile, or whose log is gone, can be seen by nobody.
 */
const leastTroubles = 4

/** Creates an empty ledger. */
export function createLedger(log: ModelLog): Ledger {
  const acknowledged: Acknowledged[] = []
  const refused: { readonly name: string; readonly code: unknown }[] = []
  const faults: string[] = []
  let begun = 0
  let settled = 0

  function begin(process: Process, { changes, dependsOn, basedOn }: Request): void {
    const { replica, connection, witness } = process
    const name = `commit ${begun++}`
    const troublesBefore = connection.troubles
    const { cut: cutBefore, era: eraBefore } = log
    const decidedAt = basedOn ?? (witness.hasBeenLive ? replica.head : undefined)
    const keys = dependsOn ?? changes.map(({ key }) => key)
    const draft = { actor: 'process', action: 'set', reason: name, changes }
    replica.commit(draft, { dependsOn, basedOn: basedOn?.revision }).then(
      (commit) => {
        settled += 1
        acknowledged.push({ commit, name, dependsOn: keys, basedOn: decidedAt })
      },
      ({ code, message }: { readonly code?: unknown; readonly message: string }) => {
        settled += 1
        if (code !== 'outcome_unknown') {
          refused.push({ name, code })
          if (!isExpected(code, log)) faults.push(`${name} refused with ${code}: ${message}`)
        } else {
          const troubles = connection.troubles - troublesBefore
          const isGone = log.cut !== cutBefore || log.era !== eraBefore
          const isExcused = process.isClosing || isGone || troubles >= leastTroubles
          if (!isExcused) faults.push(`${name} is open after ${troubles} troubles`)
        }
      },
    )
  }

  function audit(): void {
    assert.deepEqual(faults, [])
    const times = new Map<string, number>()
    for (const { reason } of log.whole) times.set(reason, (times.get(reason) ?? 0) + 1)
    for (const [reason, count] of times) assert.equal(count, 1, `${reason} is in the log once`)
    for (const { name, code } of refused) {
      assert.ok(!times.has(name), `${name}, refused with ${code}, is not in the log`)
    }
    for (const each of acknowledged) auditAcknowledged(each)
  }

  function auditAcknowledged({ commit, name, dependsOn, basedOn }: Acknowledged): void {
    assert.equal(commit.reason, name)
    const era = log.writtenIn.get(commit.hash)
    assert.notEqual(era, undefined, `${name}, acknowledged, was never in a log`)
    if (era === log.era) {
      assert.equal(log.whole[commit.revision - 1]?.hash, commit.hash, `${name} is in the log`)
    }
    if (basedOn === undefined) return
    for (const between of chainTo(commit, log)) {
      if (between.revision <= basedOn.revision) {
        assert.equal(between.hash, basedOn.hash, `${name} was decided on the log it is in`)
        return
      }
      if (between.hash === commit.hash) continue
      const touched = between.changes.find(({ key }) => dependsOn.includes(key))
      assert.equal(touched, undefined, `${name} rests on what ${between.revision} changed`)
    }
    assert.equal(basedOn.revision, 0, `${name} was decided on the log it is in`)
  }

  return {
    get isSettled() {
      return settled === begun
    },
    begin,
    audit,
  }
}

function isExpected(code: unknown, log: ModelLog): boolean {
  const codes = ['conflict', 'replica_closed', 'store_unreachable', 'store_full', 'store_read_only']
  if (log.era > 0) codes.push('log_lost', 'broken_chain', 'snapshot_missing', 'store_inconsistent')
  return codes.includes(code as string)
}
