import { describe, expect, it } from 'vitest'
import type { ProcedureEvent } from './event.ts'
import { nextAction } from './next-action.ts'
import { isProcedureOver, type ProcedureState } from './state.ts'
import { parseProcedureState } from './state-schema.ts'
import type { Step } from './step.ts'
import { transition } from './transition.ts'
import { stepsToUndo } from './undo-moves.ts'

const steps: readonly Step[] = [
  { name: 'one', run: async () => {}, undo: async () => {} },
  { name: 'kept', run: async () => {} },
]
const names = steps.map(({ name }) => name)
const undoable = ['one']
const error = { message: 'no' }
const now = 1_000_000

const first: ProcedureState = {
  ...{ schema: 1, id: 'p1', environment: 'production', input: null },
  ...{ startedBy: 'ann', startedAt: now, reason: 'because', run: 1, term: 1 },
  steps: names.map((name) => ({ name, phase: 'pending' })),
  ...{ phase: 'running', claim: { owner: 'a', term: 1, beatAt: now } },
}

/** Every event there is, of the term that holds and of one that is over. */
function eventsFor(state: ProcedureState): ProcedureEvent[] {
  const reports = [state.term, state.term - 1].flatMap((term) =>
    names.flatMap((step): ProcedureEvent[] => [
      { type: 'begin_step', step, actor: 'a', term },
      { type: 'skip_step', because: 'no need', step, actor: 'a', term },
      { type: 'end_step', result: 1, step, actor: 'a', term },
      { type: 'wait', ms: 5, because: 'soon', memo: 2, step, actor: 'a', term },
      { type: 'fail_step', error, step, actor: 'a', term },
      { type: 'fail_step', error, retryMs: 5, detectedAt: 1, step, actor: 'a', term },
      { type: 'begin_undo', step, actor: 'a', term },
      { type: 'end_undo', step, actor: 'a', term },
      { type: 'fail_undo', error, retryMs: 5, left: [step], step, actor: 'a', term },
      { type: 'fail_undo', error, left: [step], step, actor: 'a', term },
    ]),
  )
  const order = { actor: 'olga', reason: 'odd', owner: 'b', undoable }
  return [
    ...reports,
    { type: 'claim', actor: 'b', owner: 'b', seenTerm: state.term },
    { type: 'claim', actor: 'b', owner: 'b', seenTerm: state.term - 1 },
    { type: 'beat', actor: 'a', term: state.term },
    { type: 'beat', actor: 'a', term: state.term - 1 },
    { type: 'release', actor: 'a', term: state.term },
    { type: 'finish', actor: 'a', term: state.term, undoable },
    { type: 'finish', actor: 'a', term: state.term - 1, undoable },
    { type: 'cancel', ...order },
    { type: 'roll_back', ...order, detectedAt: 1, ticket: 'T-1' },
  ]
}

/** What makes two states the same for what may happen next. */
function shapeOf(state: ProcedureState): string {
  const claim = 'claim' in state ? (state.claim.isReleased ? 'released' : 'held') : ''
  const known = state.steps.map((step) => {
    const term = 'begunIn' in step ? step.begunIn : 'undo' in step ? step.undo.begunIn : undefined
    const isOwn = term === undefined ? '' : term === state.term ? 'own' : 'old'
    const isFailing = 'undo' in step && step.undo.error !== undefined ? 'failing' : ''
    return `${step.phase}${isOwn}${isFailing}`
  })
  const cause = 'decision' in state ? state.decision.cause : ''
  return [state.phase, claim, cause, ...known].join(' ')
}

/** Every state that can be reached, one for each shape. */
function reach(): Map<string, ProcedureState> {
  const found = new Map([[shapeOf(first), first]])
  for (const state of found.values()) {
    for (const event of eventsFor(state)) {
      const { state: next } = transition(state, event, now + 1)
      if (!found.has(shapeOf(next))) found.set(shapeOf(next), next)
    }
  }
  return found
}

const reached = reach()

describe('the reachable states of a procedure', () => {
  it('are many, and in every phase', () => {
    expect(reached.size).toBeGreaterThan(40)
    const phases = new Set([...reached.values()].map(({ phase }) => phase))
    expect([...phases].sort()).toEqual([
      'failed',
      'running',
      'succeeded',
      'undoing',
      'undone',
      'waiting',
    ])
  })

  it('can each be written, read back, and are the same', () => {
    for (const state of reached.values()) {
      const copy = JSON.parse(JSON.stringify(state)) as unknown
      expect(parseProcedureState(copy)).toEqual(state)
    }
  })

  it('are none of them stuck: their owner, or the next one, always brings them to an end', () => {
    for (const [shape, start] of reached) {
      let state = start
      for (let count = 0; !isProcedureOver(state); count += 1) {
        expect(count, shape).toBeLessThan(60)
        state = carryOn(state)
      }
      // What succeeded did all of it; what is undone left nothing.
      if (state.phase === 'succeeded') {
        expect(
          state.steps.every(({ phase }) => phase === 'done' || phase === 'skipped'),
          shape,
        ).toBe(true)
      }
      if (state.phase === 'undone') {
        expect(
          stepsToUndo(state, (name) => undoable.includes(name)),
          shape,
        ).toEqual([])
      }
    }
  })
})

/** What the owner does next, where everything works. */
function carryOn(state: ProcedureState): ProcedureState {
  const { term } = state
  if (state.phase === 'waiting') {
    return transition(state, { type: 'claim', actor: 'c', owner: 'c', seenTerm: term }, now).state
  }
  const action = nextAction(state, steps)
  const step = 'step' in action ? action.step.name : ''
  const report = { step, actor: 'c', term }
  const toEvent = (): ProcedureEvent => {
    switch (action.type) {
      case 'begin':
        return { type: 'begin_step', ...report }
      case 'run':
        return { type: 'end_step', ...report }
      case 'begin_undo':
        return { type: 'begin_undo', ...report }
      case 'undo':
        return { type: 'end_undo', ...report }
      case 'finish':
        return { type: 'finish', actor: 'c', term, undoable }
      default:
        throw new Error(`nobody expects ${action.type}`)
    }
  }
  const { state: next } = transition(state, toEvent(), now + 2)
  expect(next).not.toBe(state)
  return next
}

/** What happens by each event in each state; `at` is the clock then. */
function* transitions(at = now + 1) {
  for (const [shape, state] of reached) {
    for (const event of eventsFor(state)) {
      const { state: next, effects } = transition(state, event, at)
      yield { state, event, next, effects, where: `${shape}: ${JSON.stringify(event)}` }
    }
  }
}

/** Where a claim does not hold. Not `expect` for each: there are tens of thousands. */
function breaches(
  holds: (one: ReturnType<typeof transitions> extends Generator<infer T> ? T : never) => boolean,
  at?: number,
): string[] {
  return [...transitions(at)].filter((one) => !holds(one)).map(({ where }) => where)
}

describe('every event in every reachable state', () => {
  it('changes nothing, or comes with one record; an order that changes nothing says why', () => {
    const found = breaches(({ state, event, next, effects }) => {
      const records = effects.filter(({ type }) => type === 'record').length
      const refusals = effects.filter(({ type }) => type === 'refused').length
      const isOrder = event.type === 'cancel' || event.type === 'roll_back'
      if (next === state) return records === 0 && refusals === (isOrder ? 1 : 0)
      return records === 1 && refusals === 0
    })
    expect(found).toEqual([])
  })

  it('is nothing where it is of a term that is over', () => {
    const found = breaches(({ state, event, next }) => {
      const isOld =
        ('term' in event && event.term !== state.term) ||
        (event.type === 'claim' && event.seenTerm !== state.term)
      return !isOld || next === state
    })
    expect(found).toEqual([])
  })

  it('never lowers the term, and a new claim always raises it', () => {
    const found = breaches(({ state, event, next }) => {
      if (event.type === 'claim' && next !== state) return next.term === state.term + 1
      return next.term >= state.term
    })
    expect(found).toEqual([])
  })

  it('begins no step before all those before it are over', () => {
    const found = breaches(({ state, event, next }) => {
      if (next === state || event.type !== 'begin_step') return true
      const before = next.steps.slice(0, names.indexOf(event.step))
      return before.every(({ phase }) => phase === 'done' || phase === 'skipped')
    })
    expect(found).toEqual([])
  })

  it('begins nothing twice under one claim, unless it failed in between', () => {
    const found = breaches(({ state, event, next }) => {
      if (event.type !== 'begin_step' && event.type !== 'begin_undo') return true
      const step = state.steps.find(({ name }) => name === event.step)
      const isUnderWay =
        (step?.phase === 'running' && step.begunIn === state.term) ||
        (step?.phase === 'undoing' &&
          step.undo.begunIn === state.term &&
          step.undo.error === undefined)
      return !isUnderWay || next === state
    })
    expect(found).toEqual([])
  })

  const years = 10 * 365 * 86_400_000
  it.each([-years, years])(
    'makes no time run backwards where the clock jumps by %d ms',
    (jumpMs) => {
      const found = breaches(({ next }) => {
        if ('endedAt' in next && next.endedAt < next.startedAt) return false
        if ('decision' in next && next.decision.decidedAt < next.decision.detectedAt) return false
        return next.steps.every((step) => {
          if ('endedAt' in step) return step.endedAt >= step.begunAt
          return !('undoneAt' in step) || step.undoneAt >= step.undo.begunAt
        })
      }, now + jumpMs)
      expect(found).toEqual([])
    },
  )
})

describe('a state in the log that no version writes', () => {
  it.each([
    [{ ...first, term: 2 }, '/claim/term'],
    [{ ...first, steps: [first.steps[0], first.steps[0]] }, '/steps/1/name'],
    [{ ...first, phase: 'waiting', step: 'one', because: 'x', claim: undefined }, '/step'],
    [{ ...first, schema: 2 }, '/schema'],
    [{ ...first, steps: [{ name: 'one', phase: 'gone' }] }, '/steps/0/phase'],
    [7, ''],
  ])('is refused where it is wrong: %#', (value, pointer) => {
    expect(() => parseProcedureState(value)).toThrow(
      expect.objectContaining({ code: 'invalid_procedure_state', pointer }),
    )
  })
})
