import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definePolicy, parsePolicy, policyReferences } from '../index.ts'
import { defaultPolicy } from './default-policy.ts'

const hourMs = 3_600_000

function refusal(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    const { code, pointer, expected, found } = error as Record<string, unknown>
    return { code, pointer, expected, found }
  }
  return 'nothing was refused'
}

/** Every number, word and list of a policy by its JSON pointer; a list of words is one entry. */
function leavesOf(value: unknown, pointer = ''): [pointer: string, value: unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[pointer, value]]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${pointer}/${key}`))
}

describe('defaultPolicy', () => {
  it('is sound itself, frozen to the last list, and survives JSON', () => {
    expect(parsePolicy(JSON.parse(JSON.stringify(defaultPolicy)))).toEqual(defaultPolicy)
    const loose: string[] = []
    const walk = (value: unknown, pointer: string) => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) loose.push(pointer)
      for (const [key, inner] of Object.entries(value)) walk(inner, `${pointer}/${key}`)
    }
    walk(defaultPolicy, '')
    expect(loose).toEqual([])
  })

  it('names a requirement for every number, and no number that it has not', () => {
    const pointers = leavesOf(defaultPolicy).map(([pointer]) => pointer)
    const covers = (reference: string) => (pointer: string) =>
      pointer === reference || pointer.startsWith(`${reference}/`)
    // Optional, and absent by default.
    const all = [...pointers, '/canary/holdLimitMs']
    const references = Object.keys(policyReferences)
    expect(all.filter((pointer) => !references.some((each) => covers(each)(pointer)))).toEqual([])
    expect(references.filter((each) => !all.some(covers(each)))).toEqual([])
    for (const numbers of Object.values(policyReferences))
      expect(numbers).toMatch(/^P\d+(, P\d+)*$/)
  })

  it.each([
    ['/canary/percents', [5, 25, 50, 100]],
    ['/canary/maxFirstPercent', 5],
    ['/canary/monitorMs', hourMs],
    ['/blueGreen/monitorMs', hourMs / 6],
    ['/promotion/soakMs', 24 * hourMs],
    ['/approvals/types/hotfix/noticeMs', 0],
    ['/approvals/types/minor/noticeMs', 4 * hourMs],
    ['/approvals/types/major/noticeMs', 24 * hourMs],
    ['/approvals/types/breaking/noticeMs', 48 * hourMs],
    ['/rollback/decisionMs', hourMs / 30],
    ['/rollback/executionMs', hourMs / 12],
    ['/rollback/verificationMs', hourMs / 20],
    ['/rollback/totalMs', hourMs / 6],
    ['/hotfix/fixMs', 2 * hourMs],
    ['/hotfix/testingMs', hourMs / 2],
    ['/hotfix/approvalMs', hourMs / 4],
    ['/hotfix/deploymentMs', hourMs / 6],
    ['/hotfix/totalMs', 3 * hourMs],
    ['/hotfix/postMortemMs', 24 * hourMs],
    ['/retentionDays/standard', 90],
    ['/retentionDays/production', 365],
    ['/retentionDays/compliance', 1_095],
    ['/dora/changeFailureRatio', 0.15],
    ['/dora/rollbackRatio', 0.05],
    ['/recovery/objectiveMs', hourMs],
    ['/recovery/pointMs', hourMs / 4],
  ])('says what the document says at %s', (pointer, value) => {
    expect(Object.fromEntries(leavesOf(defaultPolicy))[pointer]).toEqual(value)
  })
})

describe('definePolicy', () => {
  it('changes what is named and nothing else', () => {
    const policy = definePolicy({ canary: { monitorMs: 60_000 }, smokeTests: ['starts'] })
    expect(policy).toEqual({
      ...defaultPolicy,
      canary: { ...defaultPolicy.canary, monitorMs: 60_000 },
      smokeTests: ['starts'],
    })
    expect(Object.isFrozen(policy.canary)).toBe(true)
  })

  it('knows a team by its own environments', () => {
    const before = JSON.stringify(defaultPolicy)
    const overrides = {
      environments: { order: ['lab', 'live'], production: ['live'] },
      approvals: { requiredIn: ['live'], types: { breaking: null } },
      rollback: { testedIn: 'lab' },
      deployment: {
        rehearseMigrationsIn: ['lab'],
        backUpIn: ['live'],
        triggers: {
          ...{ development: null, staging: null, production: null },
          lab: { on: 'push', branch: 'main' },
        },
      },
    } as const
    const given = JSON.stringify(overrides)
    const policy = definePolicy(overrides)
    expect(policy.deployment.triggers).toEqual({ lab: { on: 'push', branch: 'main' } })
    expect(Object.keys(policy.approvals.types)).toEqual(['hotfix', 'minor', 'major'])
    expect([JSON.stringify(defaultPolicy), JSON.stringify(overrides)]).toEqual([before, given])
  })

  it('adds a type of approval, and lets a role be asked for twice', () => {
    const { types } = definePolicy({
      approvals: { types: { schema: { approvers: { dba: 2 }, noticeMs: hourMs } } },
    }).approvals
    expect(Object.keys(types)).toEqual(['hotfix', 'minor', 'major', 'breaking', 'schema'])
    expect(types.schema).toEqual({ approvers: { dba: 2 }, noticeMs: hourMs })
  })

  it.each([
    [
      'a misspelt number',
      { canary: { monitorMS: 5 } },
      '/canary/monitorMS',
      'no such property',
      'monitorMS',
    ],
    [
      'a word for a number',
      { rollback: { totalMs: 'ten' } },
      '/rollback/totalMs',
      'a number',
      '"ten"',
    ],
    [
      'new flags that are on, for nothing would make them so',
      { flags: { enabled: true } },
      '/flags/enabled',
      'false',
      'true',
    ],
    [
      'new flags at 10 percent, for nothing would make them so',
      { flags: { rolloutPercent: 10 } },
      '/flags/rolloutPercent',
      '0',
      '10',
    ],
    ['no time at all', { blueGreen: { monitorMs: 0 } }, '/blueGreen/monitorMs', 'more than 0', '0'],
    [
      'endless time',
      { hotfix: { fixMs: Number.POSITIVE_INFINITY } },
      '/hotfix/fixMs',
      'a number',
      'Infinity',
    ],
    [
      'half a person',
      { approvals: { types: { minor: { approvers: { team_lead: 0.5 } } } } },
      '/approvals/types/minor/approvers',
      '"everyone", or how many people of which role',
      'an object',
    ],
    ['null', { canary: null }, '/canary', 'an object', 'nothing'],
    [
      'a first step above the most',
      { canary: { percents: [10, 100] } },
      '/canary/percents/0',
      '1 to 5 (minFirstPercent, maxFirstPercent)',
      '10',
    ],
    [
      'a first step below the least',
      { canary: { percents: [0.5, 100] } },
      '/canary/percents/0',
      '1 to 5 (minFirstPercent, maxFirstPercent)',
      '0.5',
    ],
    [
      'a least above the most',
      { canary: { minFirstPercent: 8 } },
      '/canary/minFirstPercent',
      'at most maxFirstPercent, 5',
      '8',
    ],
    [
      'stages that go down',
      { canary: { percents: [5, 50, 25, 100] } },
      '/canary/percents/2',
      'more than the 50 before it',
      '25',
    ],
    [
      'no last stage',
      { canary: { percents: [5, 25] } },
      '/canary/percents/1',
      '100 in the last stage',
      '25',
    ],
    [
      'a hold that goes back at no time',
      { canary: { onHoldLimit: 'roll_back' } },
      '/canary/holdLimitMs',
      'a time, for onHoldLimit is roll_back',
      'nothing',
    ],
    [
      'an environment twice',
      { environments: { order: ['staging', 'staging', 'production'] } },
      '/environments/order/1',
      'each environment once',
      'staging',
    ],
    [
      'an unknown environment',
      { approvals: { requiredIn: ['prod'] } },
      '/approvals/requiredIn/0',
      'one of development, staging, production',
      'prod',
    ],
    [
      'a rollback tried nowhere',
      { rollback: { testedIn: 'lab' } },
      '/rollback/testedIn',
      'one of development, staging, production',
      'lab',
    ],
    [
      'a push that needs approval',
      { deployment: { triggers: { production: { on: 'push', branch: 'main' } } } },
      '/deployment/triggers/production/on',
      'approval, for approvals are required in production',
      'push',
    ],
    [
      'a trigger of nowhere',
      { deployment: { triggers: { lab: { on: 'approval' } } } },
      '/deployment/triggers/lab',
      'one of development, staging, production',
      'lab',
    ],
    [
      'a type nobody approves',
      { approvals: { types: { minor: { approvers: {} }, tiny: { approvers: {}, noticeMs: 0 } } } },
      '/approvals/types/tiny/approvers',
      'at least one role',
      'none',
    ],
    [
      'a notice longer than the approval',
      { approvals: { expiresAfterMs: 24 * hourMs } },
      '/approvals/types/major/noticeMs',
      `less than expiresAfterMs, ${24 * hourMs}`,
      String(24 * hourMs),
    ],
    [
      'a rollback before the verification fails',
      { health: { rollback: { errorRatio: 1.05 } } },
      '/health/rollback/errorRatio',
      "more than the verification's 1.1",
      '1.05',
    ],
    [
      'a page before the warning',
      { health: { critical: { p95Ms: 2_000 } } },
      '/health/critical/p95Ms',
      "more than the warning's 2000",
      '2000',
    ],
    [
      'a warning that never ends',
      { health: { warning: { cpu: 0.05 } } },
      '/health/warning/cpu',
      'more than the hysteresis of 0.1',
      '0.05',
    ],
    [
      'a disk that is never free enough',
      { health: { warning: { freeDisk: 0.95 } } },
      '/health/warning/freeDisk',
      'less than 1 with the hysteresis of 0.1',
      '0.95',
    ],
    [
      'a rollback longer than allowed',
      { rollback: { totalMs: 60_000 } },
      '/rollback/totalMs',
      'at least the sum of its parts, 600000',
      '60000',
    ],
    [
      'a hotfix longer than allowed',
      { hotfix: { fixMs: 3 * hourMs } },
      '/hotfix/totalMs',
      `at least the sum of its parts, ${3 * hourMs + 55 * 60_000}`,
      String(3 * hourMs),
    ],
    [
      'production kept shorter',
      { retentionDays: { production: 30 } },
      '/retentionDays/production',
      'at least the standard 90',
      '30',
    ],
    [
      'compliance kept shorter',
      { retentionDays: { compliance: 100 } },
      '/retentionDays/compliance',
      "at least production's 365",
      '100',
    ],
    [
      'a first batch larger than may be away',
      { rolling: { firstBatch: 2 } },
      '/rolling/firstBatch',
      'at most maxUnavailable, 1',
      '2',
    ],
    [
      'production before another environment',
      { environments: { order: ['development', 'production', 'staging'] } },
      '/environments/order/2',
      'production environments last',
      'staging',
    ],
    [
      'a rollback tried in production',
      { rollback: { testedIn: 'production' } },
      '/rollback/testedIn',
      'an environment before production',
      'production',
    ],
    [
      'a rehearsal in production',
      { deployment: { rehearseMigrationsIn: ['staging', 'production'] } },
      '/deployment/rehearseMigrationsIn/1',
      'an environment before production',
      'production',
    ],
    [
      'required smoke tests without one',
      { smokeTests: [] },
      '/smokeTests',
      'at least one, for promotion requires smoke_tests',
      'none',
    ],
    [
      'required approvals that have no type',
      { approvals: { types: { hotfix: null, minor: null, major: null, breaking: null } } },
      '/approvals/types',
      'at least one, for approvals are required in production',
      'none',
    ],
    [
      'a hotfix that waits longer than its own clock',
      { approvals: { types: { hotfix: { noticeMs: hourMs } } } },
      '/approvals/types/hotfix/noticeMs',
      "at most the fast track's approvalMs, 900000",
      '3600000',
    ],
    [
      'a prototype',
      JSON.parse('{"canary":{"__proto__":{"percents":[100]}}}'),
      '/__proto__',
      'a name of the policy',
      '__proto__',
    ],
  ])('refuses %s', (_name, overrides, pointer, expected, found) => {
    expect(refusal(() => definePolicy(overrides as never))).toEqual({
      code: 'invalid_policy',
      pointer,
      expected,
      found,
    })
  })

  it('reads or refuses with a pointer, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const answer = refusal(() => parsePolicy(input)) as Record<string, unknown>
        expect(answer).toMatchObject({ code: 'invalid_policy', pointer: expect.any(String) })
      }),
    )
  })
})
