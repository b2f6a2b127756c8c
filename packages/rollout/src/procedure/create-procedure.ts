import { SluiceError } from '@sluice/core'
import { createEmitter, systemClock } from '@sluice/stores'
import type { Order } from '../transition/event.ts'
import { abilityOf, assertSameSteps } from './assert-same-steps.ts'
import { beginProcedure } from './begin-procedure.ts'
import { checkProcedure, defaultHeartbeatMs, defaultStaleAfterMs } from './check-procedure.ts'
import { openProcedureJournal } from './journal.ts'
import { createPatience } from './patience.ts'
import type { Procedure, ProcedureEvents, ProcedureOptions } from './procedure-contract.ts'
import { isProcedureOver, type ProcedureState, resultsOf, stepOf } from './state.ts'
import { transition } from './transition.ts'
import { createWorker } from './worker.ts'
import { createProcedureWriter } from './writer.ts'

/** A step's time is over, or trouble is seen, within a second. */
const defaultTickMs = 1_000

/**
 * Creates a procedure: steps that are done in order, each with an entry in the log when it begins and when it ends.
 *
 * Any process that has the same steps can take it up where another one stopped. One works on it at a time: a claim in
 * the log says which, and what an earlier claimant writes is refused. Where a step fails for good, the steps that were
 * begun are undone, the last one first.
 *
 * @throws SluiceError `invalid_procedure` with pointer, expected and found.
 */
export function createProcedure(options: ProcedureOptions): Procedure {
  checkProcedure(options)
  const { replica: log, key, environment, steps, clock = systemClock } = options
  const { actor = 'procedure', processId = randomName(), tickMs = defaultTickMs } = options
  const { heartbeatMs = defaultHeartbeatMs, staleAfterMs = defaultStaleAfterMs } = options
  const events = createEmitter<ProcedureEvents>((_, cause) => events.tell('error', cause))
  const tellError = (error: unknown) => events.tell('error', error)
  const journal = openProcedureJournal(log, options)
  const writer = createProcedureWriter({
    ...{ log, journal, clock },
    tell: (notice) => {
      events.tell('event', notice)
      tellState()
    },
  })
  const ability = abilityOf(steps, options.parts)
  const worker = createWorker({
    ...{ log, readState, writer, ability, clock, actor, heartbeatMs, tellError },
  })
  const patience = createPatience(tickMs)
  let toldRevision = journal.revision()
  let working: Promise<void> | undefined
  let stopRunning: (() => void) | undefined
  let isStopped = false
  let troubleAt: number | undefined

  function readState(): ProcedureState | undefined {
    try {
      return journal.read().state
    } catch {
      // Whoever asks for work is told why it cannot be read.
      return undefined
    }
  }

  function tellState(): void {
    const revision = journal.revision()
    if (revision === toldRevision) return
    toldRevision = revision
    const state = readState()
    if (state !== undefined) events.tell('state', state)
  }

  function isMine(state: ProcedureState): boolean {
    return 'claim' in state && state.claim.term === worker.term
  }

  /** Works on what is this process's. One at a time. */
  function work(): Promise<void> {
    if (working !== undefined) return working
    const unsubscribe = [log.on('change', worker.follow), log.on('reset', worker.follow)]
    working = worker.drive().finally(() => {
      working = undefined
      for (const end of unsubscribe) end()
    })
    return working
  }

  /** @param isForced Also from an owner that gives signs of life. */
  async function claim({ term: seenTerm }: ProcedureState, isForced = false): Promise<void> {
    const seenRevision = journal.revision()
    const written = await writer.write((found) => {
      // A sign of life, or of somebody else's work, that this process had not heard of.
      const isNews = journal.revision() !== seenRevision
      if (found === undefined || (isNews && !isForced)) return undefined
      const event = { type: 'claim', actor, owner: processId, seenTerm } as const
      return transition(found, event, clock.now())
    })
    if (written.isWritten && written.state !== undefined) worker.term = written.state.term
  }

  /** Whether this process may take it up now. */
  function isFree(state: ProcedureState): boolean {
    if (state.phase === 'waiting') {
      const step = stepOf(state, state.step)
      if (step?.phase !== 'waiting') return false
      const seenMs = patience.watch(`wait ${state.term} ${step.waitingSince}`)
      // The time on the clock, or the time that was seen to pass: a clock that went back makes nothing wait for ever.
      if (clock.now() - step.waitingSince >= step.ms || seenMs >= step.ms) return true
      return isReady(state)
    }
    if (state.phase !== 'running' && state.phase !== 'undoing') return false
    if (isLaidDown(state)) return true
    if (log.status !== 'live') return false
    return patience.watch(`claim ${state.term} ${journal.revision()}`) >= staleAfterMs
  }

  /** Its owner stopped; or it has this process's name, and is from before a restart, for this process knows nothing of it. */
  function isLaidDown(state: ProcedureState): boolean {
    if (!('claim' in state)) return false
    return state.claim.isReleased === true || state.claim.owner === processId
  }

  function isReady(state: ProcedureState & { phase: 'waiting' }): boolean {
    const step = steps.find(({ name }) => name === state.step)
    const found = stepOf(state, state.step)
    const memo = found?.phase === 'waiting' ? found.memo : undefined
    const { id, input } = state
    try {
      return step?.isReady?.({ id, input, results: resultsOf(state), memo }) === true
    } catch (error) {
      tellError(error)
      return false
    }
  }

  async function look(): Promise<void> {
    const { state } = journal.read()
    if (state === undefined || isProcedureOver(state)) return
    if (!isMine(state)) {
      if (!isFree(state)) return
      // Before the claim: who cannot work on it must not keep it from those who can.
      assertSameSteps(state, ability)
      await claim(state)
    }
    await work()
  }

  async function obey(
    type: 'cancel' | 'roll_back',
    order: Order & { readonly detectedAt?: number },
  ): Promise<ProcedureState> {
    // A person decides on what stands in the log, not on what this process saw a moment ago.
    await log.refresh()
    const undoable = steps.filter(({ undo }) => undo !== undefined).map(({ name }) => name)
    let seenTerm = 0
    const decide = (found: ProcedureState | undefined) => {
      if (found === undefined) throw noProcedure()
      seenTerm = found.term
      const { actor, reason, ticket, detectedAt } = order
      const next = transition(
        found,
        {
          ...{ type, owner: processId, undoable, actor, reason },
          ...(ticket === undefined ? {} : { ticket }),
          ...(detectedAt === undefined ? {} : { detectedAt }),
        },
        clock.now(),
      )
      // Who works on it hears of the order; otherwise this process has to carry it out.
      if (found.phase !== 'running' && next.state !== found) assertSameSteps(found, ability)
      return next
    }
    const { state } = await writer.write(decide, (found) => {
      const beside = found && options.beforeUndo?.(found)
      return beside && { ...beside, seenAt: log.head.revision }
    })
    if (state === undefined) throw noProcedure()
    if (state.term > seenTerm) worker.term = state.term
    worker.follow()
    wake()
    return state
  }

  /** Looks at once where `run` looks. */
  function wake(): void {
    if (stopRunning !== undefined) void beat()
  }

  async function beat(): Promise<void> {
    tellState()
    if (working !== undefined) return
    try {
      await look()
      troubleAt = undefined
    } catch (error) {
      // Once for each state: it is the same every second.
      if (troubleAt !== journal.revision()) tellError(error)
      troubleAt = journal.revision()
    }
  }

  function noProcedure(): SluiceError {
    return new SluiceError('no_procedure', `There is no ${key} in the log: start it first.`)
  }

  return {
    get state() {
      return readState()
    },

    async start({ input = null, again = false, ...order }) {
      await log.refresh()
      const id = key.slice(key.indexOf('/') + 1)
      const request = { id, environment, ...ability, owner: processId, order, input, again }
      const written = await writer.write((before) => beginProcedure(before, request, clock.now()))
      if (written.state === undefined) throw noProcedure()
      if (written.isWritten) worker.term = written.state.term
      wake()
      return written.state
    },

    async resume({ takeOver = false } = {}) {
      isStopped = false
      await log.refresh()
      await working
      for (let isFirst = true; ; isFirst = false) {
        const { state } = journal.read()
        if (state === undefined) throw noProcedure()
        if (isProcedureOver(state)) return state
        // A step that waits is looked at once, and again as long as it wants that at once.
        if (!isFirst && state.phase === 'waiting' && waitOf(state) !== 0) return state
        if (!isMine(state)) {
          const isForced = isFirst && takeOver
          if (state.phase !== 'waiting' && !isLaidDown(state) && !isForced) return state
          assertSameSteps(state, ability)
          await claim(state, isForced)
        }
        await work()
        if (isStopped) return readState() ?? state
      }
    },

    cancel: (order) => obey('cancel', order),
    rollBack: (order) => obey('roll_back', order),

    run() {
      if (stopRunning !== undefined) return
      const unsubscribe = [log.on('change', tellState), log.on('reset', tellState)]
      let cancel = clock.after(0, tick)
      let isRunning = true
      stopRunning = () => {
        isRunning = false
        cancel()
        for (const end of unsubscribe) end()
      }
      function tick(): void {
        patience.tick()
        // Not awaited: a step may take hours, and the state is told meanwhile.
        void beat()
        if (isRunning) cancel = clock.after(tickMs, tick)
      }
    },

    async stop() {
      isStopped = true
      stopRunning?.()
      stopRunning = undefined
      const isQuiet = await worker.halt()
      await working?.catch(tellError)
      const state = readState()
      if (isQuiet && state !== undefined && isMine(state)) {
        await writer.apply({ type: 'release', actor, term: worker.term }).catch(tellError)
      }
      worker.term = 0
      await writer.idle()
    },

    on: events.on,
    off: events.off,
  }
}

function waitOf(state: ProcedureState & { phase: 'waiting' }): number | undefined {
  const step = stepOf(state, state.step)
  return step?.phase === 'waiting' ? step.ms : undefined
}

/** Random, because two processes with one name would both take themselves for the owner. */
function randomName(): string {
  return `process-${globalThis.crypto.randomUUID().slice(0, 8)}`
}
