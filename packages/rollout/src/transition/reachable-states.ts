import {
  begin,
  canary,
  type Plan,
  type RolloutEvent,
  type RolloutState,
  type TickEvent,
  transition,
} from '../index.ts'
import { createVerdict } from '../testing.ts'
import { type EntryAnswer, findEntryTerms } from './entry.ts'

// Every state that `transition` can reach, found by trying every kind of event at every kind of time.

/** One step that can be taken. */
export interface Step {
  readonly from: RolloutState
  readonly to: RolloutState
  readonly action: string
  readonly event: RolloutEvent
}

/** What can be reached from the starts of a rollout. */
export interface Reachable {
  /** One of each kind: times, names and reasons are all alike. */
  readonly states: readonly RolloutState[]
  readonly starts: readonly { readonly state: RolloutState; readonly action: string }[]
  readonly steps: readonly Step[]
}

/** The instant that every `…At` and `…Since` of a state is set to. */
export const t0 = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

export const plans: readonly Plan[] = (['stay', 'roll_back'] as const).map((onHoldLimit) =>
  canary({
    stages: [
      { rolloutPercent: 5 },
      { rolloutPercent: 50, gate: ['smoke_tests'] },
      { rolloutPercent: 100, approval: 'major' },
    ],
    holdLimitMs: 4 * hourMs,
    onHoldLimit,
  }),
)

/** Nothing has passed; the shortest hold, a stage, the hold limit have; clocks that jumped. */
export const times = [0, 30_000, hourMs, 4 * hourMs, 10 * yearMs, -10 * yearMs].map(
  (passedMs) => t0 + passedMs,
)

const order = { actor: 'ada', reason: 'because' }
const moved = { enabled: true, rollout: 33 }
const use = { changes: [], dependsOn: [] }

/** Walks breadth first, from a rollout that begins at once and from one that waits for approval. */
export function findReachable(): Reachable {
  const found = new Map<string, RolloutState>()
  const steps = new Map<string, Step>()
  const starts = plans.flatMap((plan) => [undefined, 'minor'].map((type) => start(plan, type)))
  const queue: RolloutState[] = starts.map(({ state }) => add(state))
  for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
    for (const event of alphabet(from)) {
      for (const now of times) {
        const { state, effects } = transition(from, event, now)
        if (state === from) continue
        const isNew = !found.has(keyOf(state))
        const to = add(state)
        if (isNew) queue.push(to)
        const action = effects.find((effect) => effect.type === 'record')?.action ?? 'nothing'
        steps.set(`${keyOf(from)} ${action} ${keyOf(to)}`, { from, to, action, event })
      }
    }
  }
  return { states: [...found.values()], starts, steps: [...steps.values()] }

  function add(state: RolloutState): RolloutState {
    const plain = normalize(state)
    const key = keyOf(plain)
    const known = found.get(key)
    if (known === undefined) found.set(key, plain)
    return known ?? plain
  }
}

/** Every kind of thing that may happen to a state. */
export function alphabet(state: RolloutState): RolloutEvent[] {
  const verdicts = [
    [createVerdict('pass')],
    [createVerdict('inconclusive')],
    [createVerdict('fail', { consequence: 'hold' })],
    [createVerdict('fail')],
    undefined,
  ]
  const ticks = verdicts.flatMap((each) =>
    [0, 10 * yearMs].flatMap((seenMs) =>
      answersFor(state).map(
        (entry): TickEvent => ({
          ...{ type: 'tick', actor: 'c', verdicts: each, observedMs: seenMs, quietMs: seenMs },
          ...(entry && { entry }),
        }),
      ),
    ),
  )
  const commands = (['pause', 'resume', 'roll_back', 'abort'] as const).map((type) => ({
    ...{ type, ...order },
  }))
  const promotions = answersFor(state).map((entry) => ({
    ...{ type: 'promote' as const, verdicts: [], ...order },
    ...(entry && { entry }),
  }))
  const exposure = { actor: 'c', by: 'eve', type: 'exposure_changed' } as const
  return [
    ...ticks,
    { type: 'tick', actor: 'c', verdicts: undefined, observedMs: 0, blind: 'no answer' },
    ...commands,
    ...promotions,
    { type: 'declare', condition: 'data_corruption', ...order },
    { ...exposure, exposure: moved },
    { ...exposure, exposure: state.exposure },
    { type: 'guards_started', actor: 'c' },
  ]
}

/** What gates and approvals may answer for the next stage of a state. */
function answersFor(state: RolloutState): (EntryAnswer | undefined)[] {
  const stage = findEntryTerms(state)?.stage
  if (stage === undefined) return [undefined]
  const closed = { stage, isOpen: false, because: 'not yet', wants: ['it'] } as const
  return [
    undefined,
    { stage, isOpen: true, because: 'all is there', uses: [use] },
    { ...closed, code: 'gate_closed' },
    { ...closed, code: 'approval_required', ended: 'an-approval' },
  ]
}

function start(plan: Plan, type: string | undefined) {
  const terms = { id: 'f@1', flag: 'f', environment: 'production', guards: [], alpha: 0.01 }
  const request = { ...terms, plan, before: { enabled: true }, approval: type }
  const { state, effects } = begin(request, order, t0)
  const action = effects.find((effect) => effect.type === 'record')?.action ?? 'nothing'
  return { state: normalize(state), action }
}

/** The same state with all times, names and reasons alike: else no two would be the same. */
function normalize(state: RolloutState): RolloutState {
  const plain = JSON.stringify(state, (name, value) => {
    if (/(At|Since)$/.test(name)) return t0
    if (name === 'guardRuns') return 0
    if (name === 'guard') return undefined
    if (name === 'overruns') return []
    return name === 'by' || name === 'because' ? 'x' : value
  })
  return JSON.parse(plain) as RolloutState
}

function keyOf(state: RolloutState): string {
  return JSON.stringify(normalize(state))
}
