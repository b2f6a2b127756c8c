import { describe, expect, it } from 'vitest'
import { defineFlags, type Flags } from '../index.ts'
import { testFlags } from '../testing.ts'

const environments = ['test', 'production']
const definitions = {
  newUserProfile: { enabled: true, rollout: 0, environments, tags: ['shop'], owner: 'ada' },
  vip: {
    ...{ enabled: true, environments, rollout: 0, prerequisites: ['newUserProfile'] },
    rules: [{ if: { attribute: 'plan', is: 'pro' }, serve: 'on' }],
  },
  theme: {
    ...{ enabled: true, environments: ['production'] },
    variants: { dark: '#000', light: '#fff' },
    split: { dark: 50, light: 50 },
  },
  consent: { variants: { yes: true, no: false }, offVariant: 'no' },
  sale: { enabled: true, rollout: 100, environments, schedule: { from: '2026-01-01T00:00:10Z' } },
} as const

const ada = { id: 'ada', plan: 'pro' }

describe('testFlags', () => {
  it('answers what is set, and else what is defined, in the environment "test"', () => {
    const flags = testFlags(definitions, { newUserProfile: true })
    expect(flags.environment).toBe('test')
    expect(flags.isEnabled('newUserProfile', ada)).toBe(true)
    expect(flags.isEnabled('newUserProfile')).toBe(true)
    expect(flags.evaluate('newUserProfile', ada)).toMatchObject({
      ...{ value: true, variant: 'on', reason: 'STATIC' },
    })
    expect(flags.evaluate('theme', ada)).toMatchObject({ reason: 'DISABLED', value: undefined })
    expect(flags.snapshot().inspect('newUserProfile')?.definition).toMatchObject({
      ...{ owner: 'ada', tags: ['shop'] },
    })
  })

  it('sets a variant in every reader, whatever the rules, shares and schedules say', () => {
    const flags = testFlags(definitions, {
      ...{ theme: 'light', consent: true, vip: false, sale: 'on' },
    })
    expect(flags.string('theme', ada, '')).toBe('#fff')
    expect(flags.evaluate('consent').variant).toBe('yes')
    expect(flags.boolean('consent', ada, false)).toBe(true)
    expect(flags.isEnabled('vip', ada)).toBe(false)
    expect(flags.isEnabled('sale', ada)).toBe(true)
    expect(flags.evaluateAll(ada).find(({ flagKey }) => flagKey === 'theme')?.value).toBe('#fff')
    expect(flags.all(ada)).toMatchObject({ theme: '#fff', consent: true, vip: false })
    expect(flags.forRequest(ada).string('theme', '')).toBe('#fff')
    expect(flags.answerSheet(ada, { keys: ['theme'] }).answers.theme?.value).toBe('#fff')
    expect(flags.explain('theme', ada)).toMatchObject({
      ...{ origin: 'override', answer: { value: '#fff' } },
    })
    expect(flags.guarded('sale', ada, { on: () => 1, off: () => 2 })).toBe(1)
  })

  it('is seen by the flags that ask for it first', () => {
    expect(testFlags(definitions).isEnabled('vip', ada)).toBe(false)
    expect(testFlags(definitions, { newUserProfile: true }).isEnabled('vip', ada)).toBe(true)
    expect(testFlags(definitions, { vip: true }).isEnabled('vip')).toBe(true)
  })

  it('is an application’s client, with a log in memory and time that stands still', async () => {
    const flags = testFlags(definitions, {})
    const used: Flags<{ newUserProfile: object }> = flags
    expect(await used.ready()).toBe(true)
    const heard: unknown[] = []
    flags.on('change', (keys) => heard.push(keys))
    await flags.setRollout('newUserProfile', 100, { actor: 'ada', reason: 'a test' })
    expect(flags.isEnabled('newUserProfile', ada)).toBe(true)
    expect(heard).toEqual([['newUserProfile', 'vip']])
    expect(flags.isEnabled('sale')).toBe(false)
    await flags.clock.advance(10_000)
    expect(flags.isEnabled('sale')).toBe(true)
    const restore = flags.override({ newUserProfile: false })
    expect(flags.isEnabled('newUserProfile', ada)).toBe(false)
    restore()
    await flags.disable('newUserProfile', { actor: 'ada', reason: 'a test' })
    expect(flags.isEnabled('newUserProfile', ada)).toBe(false)
    flags.override({ newUserProfile: true })
    expect(flags.isEnabled('newUserProfile', ada)).toBe(true)
  })

  it('takes another environment', () => {
    const flags = testFlags(definitions, {}, { environment: 'production' })
    expect(['#000', '#fff']).toContain(flags.string('theme', ada, ''))
    expect(flags.evaluate('theme', ada).reason).toBe('SPLIT')
  })

  it('takes what defineFlags returned', () => {
    const featureFlags = defineFlags({ beta: { enabled: true, rollout: 0, environments } })
    const flags = testFlags(featureFlags, { beta: true })
    expect(flags.isEnabled('beta')).toBe(true)
    // @ts-expect-error A method is no flag.
    expect(() => flags.override({ explain: true })).toThrow('there is no flag "explain"')
  })

  it('takes flags that are on or off without their definitions', () => {
    const flags = testFlags<typeof definitions>({ newUserProfile: true, vip: false })
    expect([flags.isEnabled('newUserProfile'), flags.isEnabled('vip')]).toEqual([true, false])
    expect(flags.string('theme', ada, 'fallback')).toBe('fallback')
    // @ts-expect-error Nobody knows what the variant is.
    expect(() => testFlags<typeof definitions>({ theme: 'dark' })).toThrow(
      /give the definitions first/,
    )
    // @ts-expect-error A misspelt key does not compile.
    testFlags<typeof definitions>({ newUserProfil: true })
  })

  it('takes flags that a file declared, as far as they are on or off', () => {
    type Declared = {
      readonly button: { readonly variants: { readonly blue: string } }
      readonly checkout: { readonly variants: { readonly off: boolean; readonly on: boolean } }
    }
    expect(testFlags<Declared>({ checkout: true }).isEnabled('checkout')).toBe(true)
    // @ts-expect-error Nobody knows what the variant is.
    expect(() => testFlags<Declared>({ button: 'blue' })).toThrow(/give the definitions first/)
    // @ts-expect-error A misspelt key does not compile.
    testFlags<Declared>({ chekout: true })
  })

  it('refuses a key and a variant that are not there, before and when it runs', () => {
    // @ts-expect-error
    expect(() => testFlags(definitions, { newUserProfil: true })).toThrow(
      'there is no flag "newUserProfil" to override: did you mean "newUserProfile"?',
    )
    // @ts-expect-error
    expect(() => testFlags(definitions, { theme: 'drak' })).toThrow(
      'flag "theme" cannot be set to "drak": give one of "dark", "light"',
    )
    // @ts-expect-error
    expect(() => testFlags(definitions, { theme: true })).toThrow('cannot be set to true')
    // @ts-expect-error
    testFlags(definitions).isEnabled('newUserProfil')
  })
})

describe('override', () => {
  it('holds until it is restored, the last one first, in whatever order they end', () => {
    const flags = testFlags(definitions, { theme: 'dark' })
    const theme = () => flags.evaluate('theme').variant
    const first = flags.override({ theme: 'light' })
    const second = flags.override({ theme: 'dark', newUserProfile: true })
    expect([theme(), flags.isEnabled('newUserProfile')]).toEqual(['dark', true])
    second()
    expect([theme(), flags.isEnabled('newUserProfile')]).toEqual(['light', false])
    flags.override({ theme: 'dark' })
    first()
    first()
    expect(theme()).toBe('dark')
  })

  it('ends with the function it is for: with its return, its throw and its promise', async () => {
    const flags = testFlags(definitions)
    const isOn = () => flags.isEnabled('newUserProfile')
    expect(flags.override({ newUserProfile: true }, isOn)).toBe(true)
    expect(isOn()).toBe(false)
    const fail = () => {
      throw new Error('mine')
    }
    expect(() => flags.override({ newUserProfile: true }, fail)).toThrow('mine')
    expect(isOn()).toBe(false)
    let finish = () => {}
    const running = flags.override(
      { newUserProfile: true },
      () => new Promise<void>((resolve) => (finish = resolve)),
    )
    expect(isOn()).toBe(true)
    finish()
    await running
    expect(isOn()).toBe(false)
    const failing = flags.override({ newUserProfile: true }, () =>
      Promise.reject(new Error('mine')),
    )
    await expect(failing).rejects.toThrow('mine')
    expect(isOn()).toBe(false)
  })

  it('can be used', () => {
    const flags = testFlags(definitions)
    {
      using _ = flags.override({ newUserProfile: true })
      expect(flags.isEnabled('newUserProfile')).toBe(true)
    }
    expect(flags.isEnabled('newUserProfile')).toBe(false)
  })

  it('is told as a change, and so is its end', () => {
    const flags = testFlags(definitions)
    const heard: unknown[] = []
    const stop = flags.on('change', (keys) => heard.push([keys, flags.isEnabled('newUserProfile')]))
    const restore = flags.override({ newUserProfile: true })
    restore()
    restore()
    flags.override({})()
    stop()
    flags.override({ newUserProfile: true })
    expect(heard).toEqual([
      [['newUserProfile'], true],
      [['newUserProfile'], false],
    ])
  })

  it('sets nothing where one of the flags is refused', () => {
    const flags = testFlags(definitions)
    const wrong = { newUserProfile: true, theme: 'drak' } as never
    expect(() => flags.override(wrong)).toThrow('drak')
    expect(flags.isEnabled('newUserProfile')).toBe(false)
  })

  it('leaves the flags that it does not name to those around it', () => {
    const flags = testFlags(definitions, { newUserProfile: true })
    flags.override({ newUserProfile: undefined as never, consent: true })
    expect([flags.isEnabled('newUserProfile'), flags.isEnabled('consent')]).toEqual([true, true])
  })
})

describe('withFlags', () => {
  it('is seen by what it runs, over awaits, and by nobody beside', async () => {
    const flags = testFlags(definitions)
    const seen: unknown[] = []
    const ask = async (turns: number) => {
      for (let turn = 0; turn < turns; turn += 1) {
        seen.push(flags.evaluate('theme').variant)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return new Set([flags.evaluate('theme').variant, flags.string('theme', null, '')])
    }
    const found = await Promise.all([
      flags.withFlags({ theme: 'dark' }, () => ask(5)),
      flags.withFlags({ theme: 'light' }, () => ask(7)),
      ask(6),
    ])
    expect(found).toEqual([
      new Set(['dark', '#000']),
      new Set(['light', '#fff']),
      new Set([undefined, '']),
    ])
    expect(new Set(seen)).toEqual(new Set(['dark', 'light', undefined]))
  })

  it('wins over an override, and the inner one over the outer', () => {
    const flags = testFlags(definitions, { theme: 'dark' })
    flags.override({ newUserProfile: true, consent: false })
    flags.withFlags({ theme: 'light', newUserProfile: false }, () => {
      flags.override({ newUserProfile: true })
      flags.withFlags({ consent: true }, () => {
        expect(flags.all(ada)).toMatchObject({
          ...{ theme: '#fff', newUserProfile: false, consent: true },
        })
      })
      expect(flags.isEnabled('consent')).toBe(false)
    })
    expect(flags.all(ada)).toMatchObject({ theme: '#000', newUserProfile: true })
  })

  it('does not reach other test flags', () => {
    const [one, other] = [testFlags(definitions), testFlags(definitions)]
    one.withFlags({ newUserProfile: true }, () => {
      expect([one, other].map((flags) => flags.isEnabled('newUserProfile'))).toEqual([true, false])
    })
  })

  it('leaves a request what it saw', () => {
    const flags = testFlags(definitions)
    const scope = flags.withFlags({ newUserProfile: true }, () => flags.forRequest(ada))
    expect([scope.isEnabled('newUserProfile'), scope.isEnabled('vip')]).toEqual([true, true])
  })
})
