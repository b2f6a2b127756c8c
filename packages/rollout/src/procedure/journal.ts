import type { Json } from '@sluice/core'
import type { ProcedureTransition } from './event.ts'
import type { ProcedureLog, ProcedureOptions } from './procedure-contract.ts'
import type { ProcedureState } from './state.ts'
import { parseProcedureState } from './state-schema.ts'
import type { Recorded } from './step.ts'

/** What is written together with a step's end, and the revision it was decided at. */
export type Extra = Pick<Recorded, 'changes' | 'dependsOn'> & { readonly seenAt: number }

/** @param seenAt The revision that this process had heard of when the step began. */
export function toExtra({ changes, dependsOn, basedOn }: Recorded, seenAt: number): Extra {
  return { changes, dependsOn, seenAt: Math.min(seenAt, basedOn ?? seenAt) }
}

/** What the log says at one revision: the basis of a decision. */
export interface ProcedureReading {
  readonly revision: number
  readonly state: ProcedureState | undefined
}

/** A procedure's key in the log. */
export interface ProcedureJournal {
  /** @throws SluiceError `invalid_procedure_state`. */
  read(): ProcedureReading
  /** The revision that last wrote the procedure; 0 where there is none. */
  revision(): number
  /** Whether a key that the extra depends on was written since. */
  isOutdated(extra: Extra): boolean
  /**
   * Writes a transition as one commit.
   *
   * @param extra Changes of other keys in the same commit.
   * @throws SluiceError `invalid_procedure_state`, and nothing is written; `conflict` where the procedure, or a key the extra depends on, was written after the reading;
   * whatever the replica throws.
   */
  write(
    reading: Pick<ProcedureReading, 'revision'>,
    transition: ProcedureTransition,
    extra?: Extra,
  ): Promise<void>
}

/** Opens the journal of a procedure. */
export function openProcedureJournal(
  log: ProcedureLog,
  { key, environment, describe }: Pick<ProcedureOptions, 'key' | 'environment' | 'describe'>,
): ProcedureJournal {
  let parsed: { readonly value: Json; readonly state: ProcedureState } | undefined

  return {
    read() {
      const { revision } = log.head
      const entry = log.get(key)
      if (entry === undefined) return { revision, state: undefined }
      // Values in the log are frozen: the same object is the same state.
      if (parsed?.value !== entry.value) {
        parsed = { value: entry.value, state: parseProcedureState(entry.value) }
      }
      return { revision, state: parsed.state }
    },

    revision: () => log.get(key)?.revision ?? 0,

    isOutdated: ({ dependsOn, seenAt }) => dependsOn.some((each) => log.revisionOf(each) > seenAt),

    async write({ revision }, { state, effects }, extra) {
      const record = effects.find((effect) => effect.type === 'record')
      if (record === undefined) return
      const { actor, action, reason } = record
      const ticket = record.ticket ?? state.ticket
      // States are plain data by their types; the log checks and copies what it is given.
      const value = { ...describe?.(state), ...state } as unknown as Json
      // What nobody could read again would end the procedure for good.
      parseProcedureState(value)
      await log.commit(
        {
          ...{ actor, action, reason, ticket, environment },
          changes: [{ key, value }, ...(extra?.changes ?? [])],
        },
        { dependsOn: [key, ...(extra?.dependsOn ?? [])], basedOn: revision },
      )
    },
  }
}
