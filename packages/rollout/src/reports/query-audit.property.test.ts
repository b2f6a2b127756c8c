import type { Commit } from '@sluice/stores'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditRow } from './audit-row.ts'
import { type AuditQuery, queryAudit } from './query-audit.ts'

const flags = ['search', 'checkout']
const places = ['staging', 'production']
const phases = { running: 'in_progress', rolling_back: 'rollback', completed: 'success' } as const

/** What a commit is about, from which both the commit and the answer are made. */
const fact = fc.record({
  at: fc.integer({ min: 0, max: 9 }),
  who: fc.constantFrom('ada', 'bo', 'cy'),
  what: fc.constantFrom('set_rollout', 'roll_back'),
  why: fc.constantFrom('First look', 'ERRORS', 'look again'),
  ticket: fc.constantFrom('T-1', 'T-2', undefined),
  flag: fc.constantFrom(...flags),
  where: fc.constantFrom(...places),
  phase: fc.constantFrom('running', 'rolling_back', 'completed', undefined),
})
type Fact = typeof fact extends fc.Arbitrary<infer T> ? T : never

function toCommit({ flag, where, phase, who, what, why, ticket, at }: Fact, index: number): Commit {
  const key = `${phase === undefined ? 'exposure' : 'rollout'}/${where}/${flag}`
  return {
    ...{ revision: index + 1, at, actor: who, action: what, reason: why },
    ...(ticket === undefined ? {} : { ticket }),
    changes: [{ key, value: phase === undefined ? { rollout: 5 } : { phase } }],
    ...{ previousHash: 'a', hash: 'b' },
  }
}

/** One or several of a few, or no filter at all. */
function some<T>(...all: T[]) {
  return fc.option(fc.oneof(fc.constantFrom(...all), fc.subarray(all)), { nil: undefined })
}

const filters = fc.record({
  who: some('ada', 'bo', 'nobody'),
  what: some('set_rollout', ...flags, 'exposure/', 'rollout/staging/search'),
  where: some(...places, 'elsewhere'),
  why: some('LOOK', 'errors', 'T-1'),
  outcome: some<AuditRow['outcome']>('in_progress', 'rollback', 'success', 'done', 'refused'),
  when: fc.option(
    fc.record({ from: fc.integer({ min: 0, max: 9 }), to: fc.integer({ min: 0, max: 9 }) }),
    { nil: undefined },
  ),
})

/** The answer, from the facts alone. */
function isAsked(fact: Fact, query: typeof filters extends fc.Arbitrary<infer T> ? T : never) {
  const { at, who, what, why, ticket, flag, where, phase } = fact
  const any = <T>(asked: T | T[] | undefined, fits: (each: T) => boolean) =>
    asked === undefined || (Array.isArray(asked) ? asked : [asked]).some(fits)
  const key = `${phase === undefined ? 'exposure' : 'rollout'}/${where}/${flag}`
  const outcome = phase === undefined ? 'done' : phases[phase]
  return (
    any(query.who, (each) => each === who) &&
    any(
      query.what,
      (each) =>
        each === what ||
        each === flag ||
        (`${key}/`.startsWith(each) && (each.endsWith('/') || each === key)),
    ) &&
    any(query.where, (each) => each === where) &&
    any(query.why, (each) => each === ticket || new RegExp(each, 'i').test(why)) &&
    any(query.outcome, (each) => each === outcome) &&
    any(query.when, ({ from, to }) => from <= at && at < to)
  )
}

describe('queryAudit', () => {
  it('answers for any filters, alone and together, as a look at each commit does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { maxLength: 30 }), filters, async (facts, query) => {
        const rows: number[] = []
        const given = Object.entries(query).filter(([, value]) => value !== undefined)
        const asked = Object.fromEntries(given) as AuditQuery
        for await (const { revision } of queryAudit(facts.map(toCommit), asked)) rows.push(revision)
        const wanted = facts.flatMap((each, index) => (isAsked(each, query) ? [index + 1] : []))
        expect(rows).toEqual(wanted)
      }),
      { numRuns: 300 },
    )
  })
})
