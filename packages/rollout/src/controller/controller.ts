import { SluiceError } from '@sluice/core'
import { createGuardSet, type Verdict } from '@sluice/guards'
import { systemClock } from '@sluice/stores'
import { measureCalibration } from '../evidence/calibrate.ts'
import { type CreateJudge, createGuardJudge, shareOfAlpha } from '../evidence/judge.ts'
import { createKeeper } from '../evidence/keeper.ts'
import { createObserver } from '../evidence/observer.ts'
import { canary } from '../plan/plan.ts'
import { parsePlan } from '../plan/plan-schema.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { begin } from '../transition/begin.ts'
import { isActive, type RolloutState } from '../transition/state.ts'
import { type Apply, createApply } from './apply.ts'
import { findFirstEntry } from './approval-entry.ts'
import { createBrake } from './brake.ts'
import { createCommands, type RolloutCommands } from './commands.ts'
import {
  checkOptions,
  findApprovalType,
  type RolloutControllerOptions,
} from './controller-options.ts'
import { within } from './deadline.ts'
import { createGatekeeper } from './gates.ts'
import { openJournal } from './journal.ts'
import { createTeller, type Teller } from './rollout-events.ts'
import { createWatch } from './watch.ts'
import { createWithdraw } from './withdraw.ts'

export type { RolloutControllerOptions } from './controller-options.ts'

/** Moves one flag's exposure in one environment along a plan, and back when a guard says so. */
export interface RolloutController extends RolloutCommands {
  /** The rollout as it stands in the log; undefined where there was none, or none that can be read. */
  readonly state: RolloutState | undefined
  /** Whether a rollback is decided here and not in the log yet: this process is to serve the canary to nobody. */
  readonly isBraking: boolean
  /** What the guards said last to this process. */
  readonly verdicts: readonly Verdict[]
  /** Begins to look every `tickMs`; a rollout that stands in the log is taken up where it is. */
  run(): void
  /**
   * Stops looking, without waiting for a source that does not answer; resolves when what is being
   * written has been. The rollout stays as it is.
   */
  stop(): Promise<void>
  /** One look. Never rejects: what fails is told as `error`, and the rollout is held. */
  tick(): Promise<void>
  /** Listens to an event; answers a function that stops it. */
  on: Teller['on']
  off: Teller['off']
}

/** A promise that a team can explain: one healthy canary in a hundred. */
export const defaultAlpha = 0.01
/** Trouble is seen within a second, at the cost of one read a second. */
const defaultTickMs = 1_000
/** Sixty commits in a stage of an hour; a minute less of evidence after a crash. */
const defaultCheckpointMs = 60_000
/** A person waits for a rollout to start. */
const calibrationLimitMs = 10_000
/** A process that missed this many ticks was not watching. */
const gapTicks = 10
/**
 * After as many looks in a row that failed, another process is to try. Not sooner: its evidence may be a
 * minute old, and it may have to take a share of alpha.
 */
const vainTicks = 3 * gapTicks

/**
 * Creates the controller of a flag's rollout. It does nothing by itself until `run`.
 *
 * Any number of controllers may serve the same flag, in any processes: every change is a commit
 * that fails if the rollout or the exposure was changed since it was read, so that two who want the
 * same do it once.
 *
 * @throws SluiceError `invalid_plan`; `invalid_guard`, `duplicate_guard`; `invalid_option` for an alpha
 * outside (0, 1), a `tickMs` that is not above 0, a gate of the plan that is not among `gates`.
 */
export function createRolloutController(options: RolloutControllerOptions): RolloutController {
  const { replica: log, environment, flag, guards = [], source, cohorts, lease } = options
  const { alpha = defaultAlpha, clock = systemClock, tickMs = defaultTickMs } = options
  const { checkpointMs = defaultCheckpointMs } = options
  const { actor = 'controller', judge: createJudge = judgeBySource } = options
  const { policy = defaultPolicy, approvals, gates = {} } = options
  const plan = parsePlan(options.plan ?? canary({}, policy))
  checkOptions(plan, policy, { ...options, alpha, tickMs, checkpointMs })
  // Refused here, a bad guard changes nothing; found by the first look, it would stand in the log.
  createGuardSet(guards, { alpha: shareOfAlpha(alpha, 1) })

  const teller = createTeller()
  const journal = openJournal(log, environment, flag)
  const carry = createApply({ journal, log, clock, actor, teller })
  // One at a time: two changes of one process would only race each other. A look takes no turn, for
  // whoever wants to go back must not wait for a source that does not answer.
  const apply: Apply = (decide) => {
    const acted = turn.then(() => carry(decide)).finally(tellState)
    turn = acted.catch(() => {})
    return acted
  }
  const observer = createObserver(clock, { gapLimitMs: gapTicks * tickMs })
  const keeper = createKeeper({ journal, apply, clock, actor, everyMs: checkpointMs })
  const gatekeeper = createGatekeeper({
    ...{ gates, approvals, clock, limitMs: gapTicks * tickMs },
    onError: (error) => teller.tell('error', error),
  })
  const brake = createBrake({ log, journal, teller })
  const watch = createWatch({
    ...{ journal, apply, observer, keeper, gatekeeper, brake, createJudge, clock, actor, teller },
  })
  const commands = createCommands({
    log,
    clock,
    apply,
    calibrate: async () => {
      if (cohorts === undefined) return undefined
      const measured = measureCalibration(plan, cohorts)
      return within(clock, calibrationLimitMs, measured, 'source of the cohorts')
    },
    begin: ({ type, ...order }, { revision, exposure: before }, calibration, now) => {
      const id = `${flag}@${revision + 1}`
      const approval = findApprovalType(options, plan, policy, type)
      const proposal = { flag, environment, plan, guards, alpha }
      const entry = findFirstEntry(proposal, approval, approvals)
      return begin({ ...proposal, id, before, calibration, approval, entry, policy }, order, now)
    },
    gatekeeper,
    withdraw: createWithdraw({ brake, clock, seen: readState, owe: watch.owe }),
    flag,
    environment,
    actor,
    verdicts: watch.verdicts,
    isBraking: () => brake.isOn,
    seen: readState,
  })

  let turn: Promise<unknown> = Promise.resolve()
  let look: Promise<void> = Promise.resolve()
  let vainLooks = 0
  let toldRevision = journal.revision()
  let stopRunning: (() => void) | undefined

  function judgeBySource(terms: Parameters<CreateJudge>[0]) {
    const missing = new SluiceError(
      'no_metric_source',
      `The controller of ${flag} has no metric source: pass source or judge to see the canary.`,
    )
    if (source === undefined) return { look: () => Promise.reject(missing) }
    return createGuardJudge(terms, { source, clock, given: guards })
  }

  /** One at a time: looks that overlap would count twice what they saw. */
  function tick(): Promise<void> {
    look = look
      .then(watch.tick)
      .catch((error: unknown) => {
        teller.tell('error', error)
        return false
      })
      .then((wasOfUse) => {
        vainLooks = wasOfUse ? 0 : vainLooks + 1
      })
    return look
  }

  /** Whether this process is to look. A rollback that was decided waits for nobody. */
  function isOnDuty(): boolean {
    try {
      return standsOrMust()
    } catch (error) {
      // A lease may be anybody's: work done twice is better than work not done.
      teller.tell('error', error)
      return true
    }
  }

  function standsOrMust(): boolean {
    const state = readState()
    if (lease === undefined || state === undefined || !isActive(state)) return true
    if (state.phase === 'rolling_back') return true
    if (vainLooks >= vainTicks) {
      vainLooks = 0
      lease.yield()
    }
    return lease.stand() || watch.isPending
  }

  function tellState(): void {
    const revision = journal.revision()
    if (revision === toldRevision) return
    toldRevision = revision
    const state = readState()
    if (state === undefined) return
    // A rollout that begins is looked at by the next beat, if the lease is asked for now.
    if (stopRunning !== undefined && isActive(state)) isOnDuty()
    teller.tell('state', state)
  }

  function readState(): RolloutState | undefined {
    try {
      return journal.read().state
    } catch {
      // Each tick tells why it cannot be read.
      return undefined
    }
  }

  return {
    ...commands,
    get state() {
      return readState()
    },
    get isBraking() {
      return brake.isOn
    },
    get verdicts() {
      return readState() === undefined ? [] : watch.verdicts()
    },

    run() {
      if (stopRunning !== undefined) return
      const unsubscribe = [log.on('change', tellState), log.on('reset', tellState)]
      let cancel = clock.after(0, beat)
      let isRunning = true
      stopRunning = () => {
        isRunning = false
        cancel()
        for (const end of unsubscribe) end()
      }
      async function beat(): Promise<void> {
        if (isOnDuty()) await tick()
        // Somebody else looks now, and goes on from what was seen here.
        else await watch.leave()
        if (isRunning) cancel = clock.after(tickMs, beat)
      }
    },

    async stop() {
      stopRunning?.()
      stopRunning = undefined
      observer.giveUp()
      gatekeeper.giveUp()
      await Promise.all([look, turn])
      await watch.leave()
      await lease?.release()
    },

    tick,
    on: teller.on,
    off: teller.off,
  }
}
