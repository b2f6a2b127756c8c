import { createFlagSet } from '@sluice/core/node'
import { describe, expect, it } from 'vitest'
import { answerSheet } from './answer-sheet.ts'

const environments = ['test']
const set = createFlagSet(
  {
    newProfile: { enabled: true, rollout: 100, environments, tags: ['public'] },
    theme: {
      enabled: true,
      environments,
      tags: ['public'],
      variants: { dark: '#000', light: '#fff' },
      split: { dark: 100, light: 0 },
    },
    mergerPage: { enabled: true, rollout: 100, environments },
    half: { enabled: true, rollout: 50, environments },
    price: { environments, variants: { low: 1, high: 2 } },
  },
  { environment: 'test' },
)

const all = { isPublic: () => true }

describe('answerSheet', () => {
  it('says what evaluate says of every flag, as plain JSON', () => {
    const sheet = answerSheet(set, { id: 'ada', plan: 'pro' }, all)
    expect(JSON.parse(JSON.stringify(sheet))).toEqual(sheet)
    expect(sheet).toMatchObject({ revision: 0, environment: 'test', targetingKey: 'ada' })
    expect(Object.keys(sheet.answers).sort()).toEqual(set.keys().sort())
    for (const key of set.keys()) {
      const { value, variant, reason } = set.evaluate(key as 'half', { id: 'ada' })
      expect(sheet.answers[key]).toEqual({
        ...{ value: value ?? null, reason },
        ...(variant !== undefined && { variant }),
      })
    }
    expect(JSON.stringify(sheet)).not.toContain('pro')
  })

  it('shows the flags that are public, or that are named, and no others', () => {
    const isPublic = ({ definition }: { definition: { tags?: readonly string[] } }) =>
      definition.tags?.includes('public') === true
    expect(Object.keys(answerSheet(set, 'ada', { isPublic }).answers).sort()).toEqual([
      'newProfile',
      'theme',
    ])
    const keys = ['theme', 'half', 'gone']
    expect(Object.keys(answerSheet(set, 'ada', { keys }).answers).sort()).toEqual(['half', 'theme'])
    expect(Object.keys(answerSheet(set, 'ada', { keys, isPublic }).answers)).toEqual(['theme'])
  })

  it('is made for nobody who does not say which flags it shows', () => {
    const misspelt = [undefined, {}, { ispublic: () => false }, { keys: 'theme' }]
    for (const each of misspelt) {
      expect(() => answerSheet(set, 'ada', each as never), JSON.stringify(each)).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      )
    }
  })

  it('takes nothing but true for public: an async function says it of no flag', () => {
    const isPublic = (async () => true) as never
    expect(answerSheet(set, 'ada', { isPublic }).answers).toEqual({})
  })

  it('carries an error code, and no key where the context has none', () => {
    const sheet = answerSheet(set, undefined, all)
    expect('targetingKey' in sheet).toBe(false)
    expect(sheet.answers.half).toEqual({
      ...{ value: false, variant: 'off', reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' },
    })
  })

  it('answers though the context throws', () => {
    const hostile = {
      get id(): string {
        throw new Error('no')
      },
    }
    const sheet = answerSheet(set, hostile, all)
    expect(sheet.answers.half).toMatchObject({ reason: 'ERROR' })
    expect('targetingKey' in sheet).toBe(false)
  })
})
