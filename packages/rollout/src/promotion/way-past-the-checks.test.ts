import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { createChecklists } from '../checklist/create-checklists.ts'
import { createPromotionWorld, dev, minuteMs, missing, policy, step } from './promotion-world.ts'
import { type PromotionAnswer, type PromotionCheck, runChecks } from './run-checks.ts'

const refused = expect.objectContaining({ code: 'not_ready', found: 'smoke_tests' })

/** A flag that lacks nothing but its checks. */
async function createReady(check: PromotionCheck) {
  const checks = Object.fromEntries(policy.smokeTests.map((name) => [name, check]))
  const world = await createPromotionWorld({ checks })
  await world.soak()
  await world.approve()
  await world.attestAll()
  return world
}

/** What plain JavaScript may answer. */
function answering(answer: unknown): PromotionCheck {
  return () => answer as PromotionAnswer
}

describe('a document that is ticked in its list, and not attested', () => {
  it('is wanted still, for nobody has said where it stands', async () => {
    const { promotion, replica, clock } = await createReady(() => true)
    const checklists = createChecklists({ replica, clock })
    const [list] = checklists.list({ environment: 'production' })
    const id = list?.checklist.id ?? ''
    expect(missing(promotion)).not.toContain('runbook')
    await checklists.untick(id, 'runbook', dev)
    await checklists.tick(id, 'runbook', dev)
    expect(missing(promotion)).toContain('runbook')
  })
})

describe('an answer of a check that is no clear yes', () => {
  it.each([
    ['1', 1],
    ['an empty object', {}],
    ['a list', [true]],
    ['a boxed true', Object(true)],
    ['"true" as the outcome', { isPassed: 'true', because: 'it is' }],
    [
      'a yes whose reason throws',
      {
        isPassed: true,
        because: {
          toString: () => {
            throw new Error('no')
          },
        },
      },
    ],
    [
      'an outcome that throws',
      {
        get isPassed() {
          throw new Error('no')
        },
      },
    ],
    [
      'a word that throws',
      () =>
        Promise.reject({
          toString: () => {
            throw new Error('no')
          },
        }),
    ],
    ['nothing', undefined],
  ])('is a no: %s', async (_, answer) => {
    const check = typeof answer === 'function' ? (answer as PromotionCheck) : answering(answer)
    const checks = new Map([['login', check]])
    const findings = await runChecks(
      checks,
      { flag: 'checkout', ...step },
      { clock: createManualClock(), limitMs: 1 },
    )
    expect(findings.get('login')?.isMet).toBe(false)
  })

  it('is a no that comes late, though it turns into a yes', async () => {
    let answer: (value: boolean) => void = () => {}
    const { promotion, clock, replica } = await createReady(
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    const promoted = expect(promotion.promote(step, dev)).rejects.toEqual(refused)
    await clock.advance(policy.rolling.healthTimeoutMs)
    answer(true)
    await promoted
    await clock.advance(minuteMs)
    expect(replica.get('rollout/production/checkout')).toBeUndefined()
  })

  it('is no yes for another press of the button, though that one was first', async () => {
    const waiting: ((value: boolean) => void)[] = []
    const { promotion, clock, replica } = await createReady(
      () => new Promise((resolve) => waiting.push(resolve)),
    )
    const first = promotion.promote(step, dev)
    await clock.advance(0)
    const second = expect(promotion.promote(step, dev)).rejects.toEqual(refused)
    await clock.advance(0)
    const [mine, others] = [
      waiting.slice(0, policy.smokeTests.length),
      waiting.slice(policy.smokeTests.length),
    ]
    for (const answer of others) answer(false)
    await second
    expect(replica.get('rollout/production/checkout')).toBeUndefined()
    for (const answer of mine) answer(true)
    expect(await first).toMatchObject({ phase: 'running' })
  })
})

describe('what changes while the checks run', () => {
  it.each([
    ['the approval is withdrawn', 'approval'],
    ['staging is switched off', 'healthy_soak'],
    ['staging begins anew', 'healthy_soak, rollback_plan, runbook'],
    ['the flag is defined anew', 'healthy_soak'],
  ])('counts: %s', async (what, found) => {
    let act: () => Promise<unknown> = async () => {}
    let isDone: Promise<unknown> | undefined
    const world = await createReady(async () => {
      isDone ??= act()
      await isDone
      return true
    })
    const { promotion, approvals, replica } = world
    const [{ approval } = expect.fail('none')] = approvals.list()
    const write = (key: string, value: unknown) =>
      replica.commit({ ...dev, action: 'move', changes: [{ key, value: value as never }] })
    const state = replica.get('rollout/staging/checkout')?.value as object
    act = {
      'the approval is withdrawn': () => approvals.withdraw(approval.id, dev),
      'staging is switched off': () => write('exposure/staging/checkout', { enabled: false }),
      'staging begins anew': () =>
        write('rollout/staging/checkout', {
          ...Object.fromEntries(
            Object.entries(state).filter(([name]) => name !== 'by' && name !== 'completedAt'),
          ),
          ...{ id: 'checkout@99', phase: 'running', stage: 0, enteredAt: 0 },
        }),
      'the flag is defined anew': () => write('flag/checkout', { enabled: true }),
    }[what] as () => Promise<unknown>
    await expect(promotion.promote(step, dev)).rejects.toEqual(
      expect.objectContaining({ code: 'not_ready', found }),
    )
    expect(replica.get('exposure/production/checkout')).toBeUndefined()
  })
})
