import assert from 'node:assert/strict'
import { compactLog, genesis, sealCommit } from '@sluice/stores'
import { pick } from '../../arbitraries/random.ts'
import type { LogState, ModelLog } from './model-log.ts'

/** Who compacts the log, backs it up, and puts another one in its place. */
export interface Operator {
  compact(): Promise<void>
  backUp(): void
  /** Puts an older backup in the log's place, the same log with another ending, or an empty one. */
  replace(): void
  /** Writes the first commit of a log that is empty. */
  begin(): void
}

/** @param keys What commits of a strange log are about. */
export function createOperator(
  log: ModelLog,
  random: () => number,
  keys: readonly string[],
): Operator {
  const backups: LogState[] = []

  function draw(): LogState {
    if (backups.length > 0 && random() < 0.5) {
      const backup = pick(random, backups)
      // A snapshot may be left behind, where it is not all that stands for what was dropped.
      const isLeft = backup.cut.revision === 0 && random() < 0.3
      return isLeft ? { ...backup, snapshot: log.snapshot } : backup
    }
    if (random() < 0.1) return { whole: [], cut: genesis, snapshot: undefined }
    const snapshot = random() < 0.3 ? log.snapshot : undefined
    return { whole: drawStrange(), cut: genesis, snapshot }
  }

  function drawStrange() {
    const whole = log.whole.slice(0, Math.floor(random() * (log.whole.length + 1)))
    for (let count = 1 + Math.floor(random() * 4); count > 0; count -= 1) {
      const reason = `strange ${log.era} ${whole.length}`
      const changes = [{ key: pick(random, keys), value: -count }]
      const draft = { actor: 'stranger', action: 'set', reason, changes }
      whole.push(sealCommit(draft, whole.at(-1) ?? genesis, 0))
    }
    return whole
  }

  return {
    async compact() {
      const store = {
        read: async (after: number, limit?: number) => log.read(after, limit),
        readSnapshot: async () => log.snapshot,
        readCut: async () => log.cut,
        drop: async (cut: LogState['cut']) => log.drop(cut),
      }
      const keepAfter = Math.floor(random() * (log.head.revision + 2))
      const refusal = await compactLog(store, { keepAfter }).then(
        () => undefined,
        ({ code }: { readonly code?: unknown }) => code,
      )
      // The snapshot that was left behind is of another log.
      const isStrange = log.era > 0 && refusal === 'broken_chain'
      assert.ok(refusal === undefined || refusal === 'snapshot_missing' || isStrange, `${refusal}`)
    },

    backUp() {
      backups.push({ whole: [...log.whole], cut: log.cut, snapshot: log.snapshot })
    },

    replace() {
      log.replace(draw())
    },

    begin() {
      const draft = { actor: 'operator', action: 'begin', reason: 'the first', changes: [] }
      log.replace({ whole: [sealCommit(draft, genesis, 0)], cut: genesis, snapshot: undefined })
    },
  }
}
