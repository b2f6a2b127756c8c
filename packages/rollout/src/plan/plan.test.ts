import { describe, expect, it } from 'vitest'
import {
  type CanaryOptions,
  canary,
  checkPlanFor,
  defaultPolicy,
  definePolicy,
  parsePlan,
} from '../index.ts'

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

describe('canary', () => {
  it('goes 5, 25, 50, 100 with an hour each and ten minutes after the last', () => {
    expect(canary().stages).toEqual([
      { rolloutPercent: 5, monitorMs: hourMs },
      { rolloutPercent: 25, monitorMs: hourMs },
      { rolloutPercent: 50, monitorMs: hourMs },
      { rolloutPercent: 100, monitorMs: hourMs / 6 },
    ])
  })

  it('holds the rollback timeline of the deployment policy', () => {
    expect(canary()).toMatchObject({
      decisionLimitMs: 120_000,
      executionLimitMs: 300_000,
      verifyLimitMs: 180_000,
      verifyQuietMs: 3_000,
      totalLimitMs: 600_000,
      onHoldLimit: 'stay',
    })
  })

  it('takes every number that is not named from the policy', () => {
    const policy = definePolicy({
      canary: {
        ...{ percents: [2, 100], monitorMs: 7_000, lastMonitorMs: 8_000 },
        ...{ onHoldLimit: 'roll_back', holdLimitMs: 9_000 },
      },
    })
    expect(canary({}, policy)).toMatchObject({
      stages: [
        { rolloutPercent: 2, monitorMs: 7_000 },
        { rolloutPercent: 100, monitorMs: 8_000 },
      ],
      onHoldLimit: 'roll_back',
      holdLimitMs: 9_000,
    })
  })

  it('takes gates and approvals of stages, and freezes them', () => {
    const { stages } = canary({
      stages: [
        { rolloutPercent: 5 },
        { rolloutPercent: 100, gate: ['smoke_tests'], approval: 'major' },
      ],
    })
    expect(stages[1]).toMatchObject({ gate: ['smoke_tests'], approval: 'major' })
    expect(Object.isFrozen(stages[1]?.gate)).toBe(true)
  })

  it('is one of two kinds', () => {
    const plan = JSON.parse(JSON.stringify(canary()))
    expect(parsePlan({ ...plan, kind: 'blue_green' }).kind).toBe('blue_green')
    expect(refusal(() => parsePlan({ ...plan, kind: 'big_bang' }))).toMatchObject({
      ...{ pointer: '/kind', expected: 'canary or blue_green' },
    })
  })

  it('gives one monitoring time to every stage that names none', () => {
    const plan = canary({
      monitorMs: 2_000,
      stages: [{ rolloutPercent: 10, monitorMs: 500 }, { rolloutPercent: 100 }],
    })
    expect(plan.stages.map((stage) => stage.monitorMs)).toEqual([500, 2_000])
  })

  it('is plain, frozen data that survives JSON', () => {
    const plan = canary({ holdLimitMs: hourMs, onHoldLimit: 'roll_back' })
    expect(parsePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan)
    expect(Object.isFrozen(plan) && Object.isFrozen(plan.stages[0])).toBe(true)
  })

  const stages = (...percents: unknown[]) =>
    ({ stages: percents.map((rolloutPercent) => ({ rolloutPercent })) }) as CanaryOptions

  it.each([
    ['no stage', { stages: [] }, '/stages', 'at least 1 entry', 'a list of 0'],
    [
      'a step down',
      stages(25, 5, 100),
      '/stages/1/rolloutPercent',
      'more than the 25 percent of the stage before',
      '5',
    ],
    [
      'a step that stays',
      stages(25, 25, 100),
      '/stages/1/rolloutPercent',
      'more than the 25 percent of the stage before',
      '25',
    ],
    ['more than everybody', stages(5, 101), '/stages/1/rolloutPercent', 'at most 100', '101'],
    ['nobody', stages(0, 100), '/stages/0/rolloutPercent', 'more than 0', '0'],
    ['an end below 100', stages(5, 50), '/stages/1/rolloutPercent', '100 in the last stage', '50'],
    ['a percentage as text', stages('5', 100), '/stages/0/rolloutPercent', 'a number', '"5"'],
    ['not a number', stages(Number.NaN, 100), '/stages/0/rolloutPercent', 'a number', 'NaN'],
    ['no time to monitor', { monitorMs: 0 }, '/stages/0/monitorMs', 'more than 0', '0'],
    ['negative time', { monitorMs: -1 }, '/stages/0/monitorMs', 'more than 0', '-1'],
    [
      'endless time',
      { monitorMs: Number.POSITIVE_INFINITY },
      '/stages/0/monitorMs',
      'a number',
      'Infinity',
    ],
    ['an unknown choice', { onHoldLimit: 'panic' }, '/onHoldLimit', 'stay or roll_back', '"panic"'],
    ['an unknown property', { holdLimit: 5 }, '/holdLimit', 'no such property', 'holdLimit'],
    [
      'a gate without a name',
      { stages: [{ rolloutPercent: 100, gate: ['Smoke Tests'] }] },
      '/stages/0/gate/0',
      'a name in lower snake case',
      '"Smoke Tests"',
    ],
    ['stages that are no list', { stages: 5 }, '/stages', 'a list', '5'],
  ])('refuses %s', (_name, options, pointer, expected, found) => {
    expect(refusal(() => canary(options as CanaryOptions))).toEqual({
      code: 'invalid_plan',
      pointer,
      expected,
      found,
    })
  })
})

describe('checkPlanFor', () => {
  const bold = canary({ stages: [{ rolloutPercent: 10 }, { rolloutPercent: 100 }] })

  it.each(['production', 'prod'])('refuses a first stage above 5 percent in %s', (environment) => {
    expect(refusal(() => checkPlanFor(environment, bold))).toMatchObject({
      code: 'invalid_plan',
      pointer: '/stages/0/rolloutPercent',
      found: '10',
    })
  })

  it('lets it pass elsewhere, and where the plan says so itself', () => {
    checkPlanFor('staging', bold)
    checkPlanFor('production', { ...bold, maxFirstStagePercent: 10 })
    checkPlanFor('production', canary())
  })

  it('refuses less than the least of the policy, and what is more than its most', () => {
    const timid = canary({ stages: [{ rolloutPercent: 0.5 }, { rolloutPercent: 100 }] })
    expect(refusal(() => checkPlanFor('production', timid))).toMatchObject({
      ...{ code: 'invalid_plan', pointer: '/stages/0/rolloutPercent', found: '0.5' },
      expected: "at least 1 percent in production (the policy's canary.minFirstPercent)",
    })
    checkPlanFor('staging', timid)
    const policy = definePolicy({ canary: { minFirstPercent: 0.1, maxFirstPercent: 10 } })
    checkPlanFor('production', timid, policy)
    checkPlanFor('prod', bold, policy)
  })

  it('limits the first stage of a canary in the production of the policy, and nothing else', () => {
    const order = ['development', 'staging', 'live']
    const live = { ...defaultPolicy, environments: { order, production: ['live'] } }
    expect(refusal(() => checkPlanFor('live', bold, live))).toMatchObject({ code: 'invalid_plan' })
    checkPlanFor('production', bold, live)
    checkPlanFor('live', { ...bold, kind: 'blue_green' }, live)
  })
})
