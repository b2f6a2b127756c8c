import { isSluiceError, SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import type { ProcedureEvent, ProcedureNotice, ProcedureTransition } from './event.ts'
import type { Extra, ProcedureJournal } from './journal.ts'
import type { ProcedureLog } from './procedure-contract.ts'
import type { ProcedureState } from './state.ts'
import { transition } from './transition.ts'

/** What became of a change. */
export interface Written {
  /** The state in the log afterwards. */
  readonly state: ProcedureState | undefined
  /** Whether this call wrote it. */
  readonly isWritten: boolean
  /** Not written, because a key that it depended on had changed: decide anew. */
  readonly isOutdated?: true
}

/** Carries decisions into the log. */
export interface ProcedureWriter {
  /**
   * Decides from what the log says, anew for every reading.
   *
   * @param extra Asked for once there is something to write, with the state before.
   * @throws SluiceError of the store; what `decide` and `extra` throw.
   */
  write(
    decide: (state: ProcedureState | undefined) => ProcedureTransition | undefined,
    extra?: Extra | ((before: ProcedureState | undefined) => Extra | undefined),
  ): Promise<Written>
  /** {@link ProcedureWriter.write} of what becomes of the state when something happens. */
  apply(event: ProcedureEvent, extra?: Extra): Promise<Written>
  /** Resolves when nothing is being written. */
  idle(): Promise<void>
}

/** Each lost race means that someone else made progress; more than this in a row is a storm. */
const maxLostRaces = 10

/** @param options.tell Hears of each notice once it is durable. */
export function createProcedureWriter(options: {
  readonly log: ProcedureLog
  readonly journal: ProcedureJournal
  readonly clock: Clock
  readonly tell: (notice: ProcedureNotice) => void
}): ProcedureWriter {
  const { log, journal, clock, tell } = options
  let turn: Promise<unknown> = Promise.resolve()

  async function carry(
    decide: (state: ProcedureState | undefined) => ProcedureTransition | undefined,
    extra: Parameters<ProcedureWriter['write']>[1],
  ): Promise<Written> {
    for (let lost = 0; lost <= maxLostRaces; lost += 1) {
      const reading = journal.read()
      const next = decide(reading.state)
      if (next === undefined) return { state: reading.state, isWritten: false }
      const refused = next.effects.find((effect) => effect.type === 'refused')
      if (refused !== undefined) throw new SluiceError(refused.code, `${refused.because}.`)
      if (next.state === reading.state) return { state: reading.state, isWritten: false }
      const beside = typeof extra === 'function' ? extra(reading.state) : extra
      if (beside !== undefined && journal.isOutdated(beside)) {
        return { state: reading.state, isWritten: false, isOutdated: true }
      }
      try {
        await journal.write(reading, next, beside)
      } catch (error) {
        if (!isSluiceError(error) || error.code !== 'conflict') throw error
        await log.refresh()
        continue
      }
      for (const effect of next.effects) {
        if (effect.type !== 'announce') continue
        const { type: _, ...notice } = effect
        tell({ ...notice, at: clock.now(), state: next.state })
      }
      return { state: next.state, isWritten: true }
    }
    throw new SluiceError(
      'conflict',
      'The procedure is being changed by others all the time; try again.',
    )
  }

  const write: ProcedureWriter['write'] = (decide, extra) => {
    // One at a time: two changes of one process would only race each other.
    const written = turn.then(() => carry(decide, extra))
    turn = written.catch(() => {})
    return written
  }

  return {
    write,
    apply: (event, extra) =>
      write(
        (state) => (state === undefined ? undefined : transition(state, event, clock.now())),
        extra,
      ),
    async idle() {
      await turn
    },
  }
}
