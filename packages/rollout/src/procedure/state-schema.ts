import { type Json, SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'
import type { ProcedureState } from './state.ts'

const text = z.string()
const instant = z.number()
const count = z.int().min(1)
const json = z.custom<Json>((value) => value !== undefined, 'a JSON value')
const error = z.strictObject({ code: text.exactOptional(), message: text })

const begun = {
  attempt: count,
  failures: z.int().min(0),
  firstBegunAt: instant,
  begunAt: instant,
  begunIn: count,
  memo: json.exactOptional(),
}

const undoing = {
  run: z.strictObject(begun),
  result: json.exactOptional(),
  cause: error.exactOptional(),
  undo: z.strictObject({
    attempt: count,
    failures: z.int().min(0),
    firstBegunAt: instant,
    begunAt: instant,
    begunIn: count,
    error: error.exactOptional(),
  }),
}

const name = text
const step = z.discriminatedUnion('phase', [
  z.strictObject({ name, phase: z.literal('pending') }),
  z.strictObject({ name, phase: z.literal('running'), ...begun }),
  z.strictObject({ name, phase: z.literal('retrying'), ...begun, delayMs: z.number(), error }),
  z.strictObject({
    ...{ name, phase: z.literal('waiting'), ...begun },
    ...{ waitingSince: instant, ms: z.number(), because: text },
  }),
  z.strictObject({
    ...{ name, phase: z.literal('done'), ...begun },
    ...{ endedAt: instant, result: json.exactOptional() },
  }),
  z.strictObject({ name, phase: z.literal('failed'), ...begun, endedAt: instant, error }),
  z.strictObject({ name, phase: z.literal('skipped'), at: instant, because: text }),
  z.strictObject({ name, phase: z.literal('undoing'), ...undoing }),
  z.strictObject({ name, phase: z.literal('undone'), ...undoing, undoneAt: instant }),
  z.strictObject({ name, phase: z.literal('undo_failed'), ...undoing, failedAt: instant, error }),
])

const claim = z.strictObject({
  owner: text,
  term: count,
  beatAt: instant,
  isReleased: z.literal(true).exactOptional(),
})

const decision = z.strictObject({
  cause: z.enum(['failed', 'cancelled', 'rolled_back']),
  by: text,
  because: text,
  step: text.exactOptional(),
  detectedAt: instant,
  decidedAt: instant,
  hadSucceeded: z.boolean(),
})

const terms = {
  schema: z.literal(1),
  id: text,
  environment: text,
  input: json,
  startedBy: text,
  startedAt: instant,
  reason: text,
  ticket: text.exactOptional(),
  run: count,
  term: count,
  steps: z.array(step).min(1),
  parts: z.array(text).exactOptional(),
}

// Not strict: whoever runs the procedure keeps fields of its own beside the state.
const stateSchema: z.ZodType<ProcedureState> = z.discriminatedUnion('phase', [
  z.object({ ...terms, phase: z.literal('running'), claim }),
  z.object({ ...terms, phase: z.literal('waiting'), step: text, because: text }),
  z.object({ ...terms, phase: z.literal('undoing'), claim, decision }),
  z.object({ ...terms, phase: z.literal('succeeded'), endedAt: instant }),
  z.object({ ...terms, phase: z.literal('undone'), endedAt: instant, decision }),
  z.object({
    ...terms,
    phase: z.literal('failed'),
    endedAt: instant,
    decision,
    left: z.array(text),
  }),
])

/**
 * Reads a procedure's state as it stands in the log.
 *
 * @throws SluiceError `invalid_procedure_state`, with pointer, expected and found; also for a record of a newer version
 * of this package.
 */
export function parseProcedureState(value: unknown): ProcedureState {
  const parsed = stateSchema.safeParse(value)
  if (!parsed.success) throw refuseState(describeIssue(parsed.error, value))
  const fault = findContradiction(parsed.data)
  if (fault !== undefined) throw refuseState(fault)
  return parsed.data
}

/** What no version of this package writes, however well each part is formed. */
function findContradiction(state: ProcedureState): Fault | undefined {
  const names = state.steps.map(({ name }) => name)
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index)
  if (twice >= 0) {
    return { pointer: `/steps/${twice}/name`, expected: 'each name once', found: `${names[twice]}` }
  }
  if ('claim' in state && state.claim.term !== state.term) {
    const expected = `the latest term, ${state.term}`
    return { pointer: '/claim/term', expected, found: String(state.claim.term) }
  }
  if (state.phase !== 'waiting') return undefined
  const waiting = state.steps.find(({ phase }) => phase === 'waiting')?.name
  if (waiting === state.step) return undefined
  return { pointer: '/step', expected: waiting ?? 'a step that waits', found: state.step }
}

function refuseState(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_procedure_state',
    `The procedure in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}. It stays as it is. A newer version may have written it: update this process, or delete the procedure's key to give it up.`,
    fault,
  )
}
