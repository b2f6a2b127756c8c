import { createEmitter, systemClock } from '@sluice/stores'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createProcedure } from '../procedure/create-procedure.ts'
import type { ProcedureNotice } from '../procedure/event.ts'
import { isProcedureOver, type ProcedureState } from '../procedure/state.ts'
import { createAnnouncement } from './announcement.ts'
import { checkRequest } from './check-request.ts'
import type {
  Deployment,
  DeploymentEvents,
  DeploymentOptions,
  DeploymentOverrun,
} from './deployment-contract.ts'
import { deploymentEvent, describeDeployment } from './deployment-event.ts'
import { deploymentSteps } from './deployment-steps.ts'
import { claimToGoBack } from './environment-claim.ts'
import { hookNames } from './hook-names.ts'
import { hotfixTimeline } from './hotfix-timeline.ts'
import { writeLine } from './logger.ts'
import { deploymentTimeline } from './rollback-timeline.ts'
import { tellPeople } from './tell-people.ts'
import {
  type DeploymentTerms,
  deploymentInput,
  deploymentKey,
  deploymentSubject,
  parseTerms,
} from './terms.ts'
import { tickProven } from './tick-proven.ts'

/** Who the log names for what a deployment does by itself. */
const actor = 'deployment'
/** An overrun is told within seconds, while there is something to hurry. */
const watchMs = 5_000

/**
 * Creates the deployment of a version to an environment: the policy's workflow as durable steps. Nothing happens until `start`.
 *
 * The same version and environment is the same deployment, in whichever process: it is done once, and taken up where another process stopped.
 *
 * @throws SluiceError `invalid_deployment`, `invalid_procedure`, with pointer, expected and found.
 */
export function createDeployment(options: DeploymentOptions): Deployment {
  const { replica, policy = defaultPolicy, clock = systemClock, logger, checklists } = options
  const terms = toTerms(options)
  const key = deploymentKey(terms)
  const events = createEmitter<DeploymentEvents>((_, cause) => events.tell('error', cause))
  const procedure = createProcedure({
    ...{ replica, key, environment: terms.environment, clock, actor },
    ...(options.processId === undefined ? {} : { processId: options.processId }),
    steps: deploymentSteps({
      ...{ terms, options, policy, clock },
      readState: () => procedure.state,
      onUntold: ({ failed }) => {
        for (const { name, because } of failed) {
          writeLine(logger, 'warning', { announcer: name }, `${name} was not told: ${because}`)
        }
      },
    }),
    parts: hookNames(options),
    beforeUndo: (state) => claimToGoBack(terms, replica, state),
    describe: describeDeployment(terms),
  })
  const toldOverruns = new Set<string>()
  let ticking: Promise<void> = Promise.resolve()
  let cancelWatch = () => {}

  procedure.on('event', (notice) => {
    log(notice)
    events.tell('event', notice)
    tellFailure(notice)
    findOverruns()
    tick()
  })
  procedure.on('state', (state) => events.tell('state', state))
  procedure.on('error', (error) => events.tell('error', error))

  function log(notice: ProcedureNotice): void {
    const { level, message, name, step, state } = notice
    const event = deploymentEvent(terms, state)
    const { id } = state
    writeLine(
      logger,
      level,
      event ?? { id, name, ...(step === undefined ? {} : { step }) },
      message,
    )
  }

  /** What failed with nothing undone has no step that tells of it. */
  function tellFailure({ name, state }: ProcedureNotice): void {
    if (name !== 'failed' || !('decision' in state)) return
    const announcement = createAnnouncement(terms, state, 'failed', state.decision.because)
    const idempotencyKey = `${state.id}/announce_failure`
    void tellPeople(options.announcers ?? [], announcement, { clock, idempotencyKey })
  }

  function findOverruns(): void {
    const { state } = procedure
    if (state === undefined) return
    const rollback = deploymentTimeline(state, policy, clock.now())
    const late: DeploymentOverrun[] = []
    for (const part of rollback?.overruns ?? []) {
      const ms = rollback?.[`${part}Ms`] ?? clock.now() - (rollback?.decidedAt ?? 0)
      late.push({ of: 'rollback', part, ms, limitMs: rollback?.limits[`${part}Ms`] ?? 0 })
    }
    for (const { name, ms, limitMs, isOverrun } of hotfixOf(state)?.phases ?? []) {
      if (isOverrun) late.push({ of: 'hotfix', part: name, ms, limitMs })
    }
    for (const overrun of late) {
      const { of, part, ms, limitMs } = overrun
      const id = `${state.id} ${of} ${part}`
      if (toldOverruns.has(id)) continue
      toldOverruns.add(id)
      const level = of === 'rollback' ? 'error' : 'warning'
      const text = `${state.id}: ${of} ${part} takes longer than ${limitMs} ms (${ms} ms so far)`
      writeLine(logger, level, overrun, text)
      events.tell('overrun', overrun)
    }
  }

  function hotfixOf(state: ProcedureState | undefined) {
    if (terms.hotfix === undefined) return undefined
    return hotfixTimeline(terms.hotfix, state, policy, clock.now())
  }

  /** One after the other; what could not be ticked is, with the next thing that happens. */
  function tick(): void {
    if (checklists === undefined) return
    ticking = ticking
      .then(async () => {
        const { state } = procedure
        if (state !== undefined) await tickProven(state, terms, { checklists, policy, actor })
      })
      .catch((error: unknown) => events.tell('error', error))
  }

  function watch(): void {
    cancelWatch()
    cancelWatch = clock.after(watchMs, () => {
      findOverruns()
      const { state } = procedure
      if (state !== undefined && !isProcedureOver(state)) watch()
    })
  }

  return {
    key,
    terms,
    subject: deploymentSubject(terms),
    get state() {
      return procedure.state
    },
    get rollback() {
      const { state } = procedure
      return state && deploymentTimeline(state, policy, clock.now())
    },
    get hotfix() {
      return hotfixOf(procedure.state)
    },

    async start({ again = false, ...order }) {
      // What is known of a rehearsal stands in the log.
      await replica.refresh()
      const { state } = procedure
      if (state === undefined || (isProcedureOver(state) && again)) {
        checkRequest(terms, options, policy)
      }
      const { ticket } = terms
      const input = deploymentInput(terms)
      watch()
      return procedure.start({ ticket, ...order, input, again })
    },

    async resume(how) {
      watch()
      const state = await procedure.resume(how)
      tick()
      await ticking
      return state
    },
    async cancel(order) {
      watch()
      return procedure.cancel(order)
    },
    async rollBack(order) {
      watch()
      return procedure.rollBack(order)
    },
    run() {
      watch()
      tick()
      procedure.run()
    },
    async stop() {
      cancelWatch()
      await procedure.stop()
      await ticking
    },
    on: events.on,
    off: events.off,
  }
}

/** The part of the options that is data. */
function toTerms(options: DeploymentOptions): DeploymentTerms {
  const { version, type, environment, ticket, changes, rollbackPlan, runbook } = options
  const { monitoringUrl, commitAt, attestations, hotfix, hooks } = options
  const migration = hooks?.migration && { isReversible: hooks.migration.isReversible !== false }
  const given = { rollbackPlan, runbook, monitoringUrl, commitAt, attestations, hotfix, migration }
  const known = Object.entries(given).filter(([, value]) => value !== undefined)
  return parseTerms({
    ...{ version, type, environment, ticket, changes },
    ...Object.fromEntries(known),
  })
}
