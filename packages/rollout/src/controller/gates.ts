import type { Clock } from '@sluice/stores'
import type { ApprovalDesk } from '../approvals/subject.ts'
import { type EntryAnswer, type EntryTerms, findEntryTerms } from '../transition/entry.ts'
import type { TickEvent, Transition } from '../transition/event.ts'
import { toReason } from '../transition/reason.ts'
import type { RolloutState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import { findApproval } from './approval-entry.ts'
import { within } from './deadline.ts'

/** What a gate is to know. */
export interface GateScene {
  /** The gate's, as the plan says it. */
  readonly name: string
  /** The stage that is to be entered, from 0. */
  readonly stage: number
  /** The rollout as it stands. */
  readonly state: RolloutState
}

/** What a gate says: whether it is open, and why. */
export interface GateAnswer {
  readonly isOpen: boolean
  readonly because: string
}

/**
 * A check of the application's that must be open for a stage to be entered. A throw, and an answer that takes longer than
 * ten ticks, count as closed.
 */
export type RunGate = (scene: GateScene) => GateAnswer | Promise<GateAnswer>

/** Asks the gates and the approvals of a rollout's next stage. */
export interface Gatekeeper {
  /**
   * What a look means with what the next stage's gates say. They are asked only where the rollout would otherwise go up,
   * beside the looks: the guards never wait for them, and their answer counts at the next look.
   */
  step(state: RolloutState, event: TickEvent, now: number): Transition
  /** Asks the gates of the next stage now, and waits for them. */
  ask(state: RolloutState): Promise<Findings | undefined>
  /** What gates that were asked, and the approval as it stands, say together; undefined where they say nothing of this state. */
  judge(state: RolloutState, findings: Findings | undefined): EntryAnswer | undefined
  /** Lets whatever is being asked end at once, as closed. */
  giveUp(): void
}

/** What the gates of one entry said. */
export interface Findings {
  readonly subject: string
  /** By the process's clock. */
  readonly at: number
  readonly closed: readonly { readonly name: string; readonly because: string }[]
}

/** What a gatekeeper is made of. */
export interface GatekeeperOptions {
  readonly gates: Readonly<Record<string, RunGate>>
  readonly approvals: ApprovalDesk | undefined
  readonly clock: Clock
  /** How long a gate may take, and how old its answer may be, in milliseconds. */
  readonly limitMs: number
  readonly onError: (error: unknown) => void
}

/** A gatekeeper that has asked nobody yet. What goes wrong with a gate is told to `onError`, and the gate is closed. */
export function createGatekeeper(options: GatekeeperOptions): Gatekeeper {
  const { gates, approvals, clock, limitMs, onError } = options
  let found: Findings | undefined
  let isAsking = false
  const abandonments = new Set<() => void>()

  async function run(name: string, state: RolloutState, stage: number): Promise<GateAnswer> {
    const gate = gates[name]
    if (gate === undefined) return closed('this process has no such gate')
    let abandon = () => {}
    const abandoned = new Promise<never>((_, reject) => {
      abandon = () => reject(new Error('the controller stopped'))
    })
    abandonments.add(abandon)
    try {
      const answered = Promise.race([abandoned, (async () => gate({ name, stage, state }))()])
      const answer = await within(clock, limitMs, answered, `gate ${name}`)
      const { isOpen, because } = Object(answer) as Partial<GateAnswer>
      if (isOpen === true) return { isOpen, because: toReason(because ?? 'it is open') }
      return closed(isOpen === false ? toReason(because ?? 'it is closed') : 'it gave no answer')
    } catch (error) {
      onError(error)
      return closed(toReason(error))
    } finally {
      abandonments.delete(abandon)
    }
  }

  async function askGates(state: RolloutState, terms: EntryTerms): Promise<Findings> {
    const answers = await Promise.all(
      terms.gates.map(async (name) => ({ name, ...(await run(name, state, terms.stage)) })),
    )
    const shut = answers.filter(({ isOpen }) => !isOpen)
    return {
      subject: subjectOf(state, terms),
      at: clock.now(),
      closed: shut.map(({ name, because }) => ({ name, because })),
    }
  }

  /** One round at a time: a gate that hangs is not asked again meanwhile. */
  function beginAsking(state: RolloutState, terms: EntryTerms): void {
    if (isAsking) return
    isAsking = true
    // It never rejects: a gate that throws is closed.
    void askGates(state, terms).then((findings) => {
      found = findings
      isAsking = false
    })
  }

  function judge(state: RolloutState, findings: Findings | undefined): EntryAnswer | undefined {
    const terms = findEntryTerms(state)
    if (terms === undefined) return undefined
    const { stage } = terms
    if (terms.gates.length > 0) {
      if (findings?.subject !== subjectOf(state, terms)) return undefined
      if (!(Math.abs(clock.now() - findings.at) <= limitMs)) return undefined
      if (findings.closed.length > 0) return atClosedGates(stage, findings.closed)
    }
    if (terms.approval !== undefined) return findApproval(state, stage, terms.approval, approvals)
    return { stage, isOpen: true, because: `open: ${terms.gates.join(', ')}`, uses: [] }
  }

  function answerNow(state: RolloutState, terms: EntryTerms): EntryAnswer | undefined {
    const findings = found
    // An answer counts once: what was open a while ago need not be.
    found = undefined
    const answer = judge(state, findings)
    if (terms.gates.length > 0 && answer?.isOpen !== true) beginAsking(state, terms)
    return answer
  }

  return {
    step(state, event, now) {
      const terms = findEntryTerms(state)
      if (terms === undefined || !wouldEnter(state, event, terms.stage, now)) {
        return transition(state, event, now)
      }
      const entry = answerNow(state, terms)
      return transition(state, entry === undefined ? event : { ...event, entry }, now)
    },

    async ask(state) {
      const terms = findEntryTerms(state)
      return terms === undefined ? undefined : askGates(state, terms)
    },

    judge,

    giveUp() {
      for (const abandon of abandonments) abandon()
    },
  }
}

/** Whether nothing but its gates and its approval keeps a rollout from the stage. */
function wouldEnter(state: RolloutState, event: TickEvent, stage: number, now: number): boolean {
  const entry: EntryAnswer = { stage, isOpen: true, because: 'to be seen', uses: [] }
  const { state: next } = transition(state, { ...event, entry }, now)
  return next.phase === 'running' && next.stage === stage && next !== state
}

function subjectOf({ id }: RolloutState, { stage, gates }: EntryTerms): string {
  return `${id} ${stage} ${gates.join()}`
}

function closed(because: string): GateAnswer {
  return { isOpen: false, because }
}

function atClosedGates(stage: number, shut: Findings['closed']): EntryAnswer {
  const said = shut.map(({ name, because }) => `gate ${name} is closed: ${because}`)
  const wants = shut.map(({ name }) => name)
  return { stage, isOpen: false, code: 'gate_closed', because: said.join('; '), wants }
}
