import { isSluiceError, SluiceError } from '@sluice/core'
import { exposureKey, flagKey, rolloutKey, systemClock } from '@sluice/stores'
import { checkOrder, checkText } from '../approvals/check-order.ts'
import { type ApprovalCheck, rolloutSubject } from '../approvals/subject.ts'
import { createChecklists } from '../checklist/create-checklists.ts'
import { createRolloutController } from '../controller/controller.ts'
import { isAmong } from '../environment-name.ts'
import { readEvidence } from '../evidence/evidence.ts'
import { canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Order } from '../transition/event.ts'
import { isSameExposure, readExposure } from '../transition/exposure.ts'
import { isActive, type RolloutState } from '../transition/state.ts'
import { parseRolloutState } from '../transition/state-schema.ts'
import type { EnvironmentStatus, Promotion, PromotionOptions } from './promotion-contract.ts'
import { documents, findRequirements } from './requirements.ts'
import { hasRolledBackSince } from './rollback-since.ts'
import { type PromotionCheck, runChecks } from './run-checks.ts'
import { type Finding, findSoak, unmet } from './soak.ts'
import { soakPlan } from './soak-plan.ts'

/** A controller's own default, so that both mean the same rollout. */
const defaultAlpha = 0.01

/**
 * Creates the way of a flag through the environments (P7, P8, P9). It does nothing by itself.
 *
 * @throws SluiceError `unknown_environment` for one that is not in the policy's order.
 */
export function createPromotion(options: PromotionOptions): Promotion {
  const { replica: log, flag, policy = defaultPolicy, approvals, environments = {} } = options
  const {
    checks = {},
    clock = systemClock,
    checkLimitMs = policy.rolling.healthTimeoutMs,
  } = options
  const { order: sequence, production } = policy.environments
  for (const name of Object.keys(environments)) positionOf(name)
  const checklists = createChecklists({ replica: log, clock })
  const runnable = new Map(
    policy.smokeTests.flatMap((name): [string, PromotionCheck][] => {
      const check = checks[name]
      return typeof check === 'function' ? [[name, check]] : []
    }),
  )
  /** What the checks said last, by environment. */
  const lastRun = new Map<string, ReadonlyMap<string, Finding>>()
  /** Where it was rolled back since, by environment: the revision at which the soak before had ended. */
  const rolledBack = new Map<string, number>()

  function positionOf(environment: string): number {
    const position = sequence.indexOf(environment)
    if (position >= 0) return position
    const expected = `one of ${sequence.join(', ')}`
    throw new SluiceError(
      'unknown_environment',
      `The policy has no environment ${JSON.stringify(environment)}: expected ${expected}.`,
      { flag, expected, found: environment },
    )
  }

  function termsOf(environment: string) {
    const own = environments[environment] ?? {}
    const next = sequence[positionOf(environment) + 1] ?? ''
    const isBefore = isAmong(production, next) && !isAmong(production, environment)
    const {
      plan = isBefore ? soakPlan(policy) : canary({}, policy),
      guards = [],
      alpha = defaultAlpha,
      type = 'minor',
      requires = isAmong(production, environment) ? policy.promotion.requires : [],
    } = own
    return { plan, guards, alpha, type, requires }
  }

  /** @throws SluiceError `invalid_rollout_state`. */
  function readRollout(environment: string): RolloutState | undefined {
    const entry = log.get(rolloutKey(environment, flag))
    return entry === undefined ? undefined : parseRolloutState(entry.value)
  }

  function readStanding(environment: string) {
    return readExposure(log.get(exposureKey(environment, flag))?.value)
  }

  function subjectOf(environment: string) {
    const { plan, guards, alpha, type } = termsOf(environment)
    return rolloutSubject({ flag, environment, plan, guards, alpha }, type)
  }

  function soakIn(environment: string | undefined, to: string): Finding {
    const { soakMs } = policy.promotion
    if (environment === undefined) return unmet('there is no environment before')
    let state: RolloutState | undefined
    try {
      state = readRollout(environment)
    } catch (error) {
      return unmet(isSluiceError(error) ? error.message : String(error))
    }
    const evidence = log.get(`evidence/${environment}/${flag}`)?.value
    const observed = state === undefined ? undefined : readEvidence(evidence, state)?.observed
    // By revisions: whose clock said what does not matter.
    const endedAt = log.revisionOf(rolloutKey(environment, flag))
    const movedAt = log.revisionOf(exposureKey(environment, flag))
    const isMoved =
      movedAt > endedAt ||
      (state !== undefined && !isSameExposure(readStanding(environment), state.exposure))
    // Where nobody else has moved it, the last move is the last stage's beginning.
    const isRedefined = log.revisionOf(flagKey(flag)) > movedAt
    const isLater = log.revisionOf(rolloutKey(to, flag)) > endedAt
    const isRolledBackSince =
      (isLater && tryRead(() => readRollout(to))?.phase === 'rolled_back') ||
      rolledBack.get(to) === endedAt
    const scene = { environment, state, observed, isMoved, isRedefined, isRolledBackSince }
    return findSoak(scene, soakMs)
  }

  /** Attestations are of the change that is in the environment before now. */
  function attestationsId(to: string): string {
    const from = sequence[positionOf(to) - 1]
    const entry = from === undefined ? undefined : log.get(rolloutKey(from, flag))
    const { id = 'none' } = Object(entry?.value) as Partial<RolloutState>
    return `promotion-${to}-${flag}-${id}`
  }

  function findAttestations(to: string) {
    try {
      return checklists.status(attestationsId(to)).checklist
    } catch {
      // None yet, or none that can be read: nothing is attested.
      return undefined
    }
  }

  /** What only the log's history tells, for whoever goes up by it. */
  async function lookBack(from: string, to: string): Promise<void> {
    const endedAt = log.revisionOf(rolloutKey(from, flag))
    const isRolledBack = await hasRolledBackSince(log, { environment: to, flag }, endedAt)
    if (isRolledBack) rolledBack.set(to, endedAt)
  }

  function requirementsOf(to: string, ran = lastRun.get(to)) {
    return findRequirements(termsOf(to).requires, {
      soak: soakIn(sequence[positionOf(to) - 1], to),
      approval: checkApproval(to),
      isApprovalRequired: isAmong(policy.approvals.requiredIn, to),
      smokeTests: policy.smokeTests,
      ran: new Map([...runnable.keys()].map((name) => [name, ran?.get(name)])),
      attestations: findAttestations(to),
    })
  }

  function checkApproval(to: string): ApprovalCheck | undefined {
    try {
      return approvals?.check(subjectOf(to))
    } catch (error) {
      return { status: 'missing', because: isSluiceError(error) ? error.message : String(error) }
    }
  }

  /** A rollout that is under way, or that has put the flag where it stands: there is nothing left to start. */
  function findStarted(environment: string): RolloutState | undefined {
    const state = readRollout(environment)
    if (state === undefined || isActive(state)) return state
    const isInForce = isSameExposure(readStanding(environment), state.exposure)
    return state.phase === 'completed' && isInForce ? state : undefined
  }

  function assertNext(from: string, to: string): void {
    const [here, there] = [positionOf(from), positionOf(to)]
    if (there === here + 1) return
    const next = sequence[here + 1]
    const expected = next === undefined ? `nothing after ${from}` : `${from} → ${next}`
    throw new SluiceError(
      'out_of_order',
      `${flag} cannot go from ${from} to ${to}: environments come in the order ${sequence.join(' → ')}, one at a time.`,
      { flag, expected, found: `${from} → ${to}` },
    )
  }

  async function start(to: string, order: Order): Promise<RolloutState> {
    const { plan, guards, alpha, type } = termsOf(to)
    const desk = approvals === undefined ? {} : { approvals }
    const controller =
      environments[to]?.controller ??
      createRolloutController({
        ...{ replica: log, environment: to, flag, plan, guards, alpha, clock, policy },
        ...desk,
      })
    try {
      return await controller.start({ ...order, type })
    } catch (error) {
      // Somebody else pressed at the same moment.
      if (!isSluiceError(error) || error.code !== 'rollout_exists') throw error
      await log.refresh()
      return findStarted(to) ?? Promise.reject(error)
    }
  }

  function notReady(
    to: string,
    ran: ReadonlyMap<string, Finding> | undefined,
  ): SluiceError | undefined {
    const missing = requirementsOf(to, ran).filter(({ isMet }) => !isMet)
    if (missing.length === 0) return undefined
    const found = missing.map(({ name, because }) => `${name} (${because})`).join('; ')
    const expected = termsOf(to).requires.join(', ')
    return new SluiceError('not_ready', `${flag} cannot go to ${to} yet. Missing: ${found}.`, {
      flag,
      expected,
      found: missing.map(({ name }) => name).join(', '),
    })
  }

  return {
    subjectOf,

    status() {
      return sequence.map((environment): EnvironmentStatus => {
        const requirements = requirementsOf(environment)
        const isReady = requirements.every(({ isMet }) => isMet)
        const state = tryRead(() => readRollout(environment))
        const there = state === undefined ? {} : { state }
        return { environment, phase: state?.phase ?? 'none', ...there, requirements, isReady }
      })
    },

    async attest(to, name, order) {
      positionOf(to)
      const names = [...policy.smokeTests, ...documents]
      if (!names.includes(name)) {
        const expected = `one of ${names.join(', ')}`
        const message = `There is nothing to attest by the name ${JSON.stringify(name)}: expected ${expected}.`
        throw new SluiceError('unknown_attestation', message, { flag, expected, found: name })
      }
      if (documents.includes(name)) checkText(order?.evidence, '/evidence')
      checkOrder(order)
      await log.refresh()
      const id = attestationsId(to)
      const title = `What ${flag} needs to come to ${to}`
      const items = names.map((each) => ({ name: each }))
      const { actor, reason } = order
      await checklists.open(id, { title, environment: to, items }, { actor, reason })
      await checklists.tick(id, name, order)
    },

    async promote({ from, to }, given) {
      const order = checkOrder(given)
      assertNext(from, to)
      await log.refresh()
      const started = findStarted(to)
      if (started !== undefined) return started
      const { requires } = termsOf(to)
      let ran: ReadonlyMap<string, Finding> | undefined
      if (requires.includes('smoke_tests')) {
        ran = await runChecks(runnable, { flag, from, to }, { clock, limitMs: checkLimitMs })
        lastRun.set(to, ran)
        // They may have taken minutes.
        await log.refresh()
      }
      if (requires.includes('healthy_soak')) await lookBack(from, to)
      const refusal = notReady(to, ran)
      if (refusal === undefined) return start(to, order)
      // Somebody else may have been first, with the one approval there was.
      const meanwhile = findStarted(to)
      if (meanwhile === undefined) throw refusal
      return meanwhile
    },
  }
}

/** What is shown to people is shown as far as it can be read; whoever acts on it is told why it cannot. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
