import { describe, expect, it } from 'vitest'
import { defineFlags } from '../index.ts'
import { type FlagMatchers, flagIn, flagMatchers, testFlags, whyAnswer } from '../testing.ts'

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: as Vitest declares it
  interface Matchers<T = any> extends FlagMatchers<T> {}
}

expect.extend(flagMatchers)

const definitions = {
  newUserProfile: { enabled: true, rollout: 0, environments: ['test'] },
  theme: { variants: { dark: { back: '#000' }, light: { back: '#fff' } } },
  half: { enabled: true, rollout: 50, environments: ['test'] },
} as const
const flags = testFlags(definitions, { theme: 'dark' })
const ada = { id: 'ada' }

describe('the matchers', () => {
  it('pass where the flag is so, and fail where it is not', () => {
    const on = testFlags(definitions, { newUserProfile: true })
    expect(flagIn(on, 'newUserProfile')).toBeEnabledFor(ada)
    expect(flagIn(flags, 'newUserProfile')).not.toBeEnabledFor(ada)
    expect(flagIn(flags, 'theme')).not.toBeEnabledFor(ada)
    expect(flagIn(flags, 'theme')).toServeVariant('dark', ada)
    expect(flagIn(flags, 'theme')).not.toServeVariant('light', ada)
    expect(flagIn(flags, 'theme')).toServeValue({ back: '#000' })
    expect(flagIn(flags, 'theme')).not.toServeValue({ back: '#fff' })
    expect(flagIn(flags, 'newUserProfile')).toAnswerBecauseOf('STATIC', ada)
    expect(flagIn(flags, 'half')).toAnswerBecauseOf('TARGETING_KEY_MISSING')
    expect(flagIn(flags, 'half')).toAnswerBecauseOf('ERROR')
    expect(flagIn(flags, 'half')).not.toAnswerBecauseOf('SPLIT')
    const failing = [
      () => expect(flagIn(flags, 'newUserProfile')).toBeEnabledFor(ada),
      () => expect(flagIn(on, 'newUserProfile')).not.toBeEnabledFor(ada),
      () => expect(flagIn(flags, 'theme')).toServeVariant('light'),
      () => expect(flagIn(flags, 'theme')).not.toServeVariant('dark'),
      () => expect(flagIn(flags, 'theme')).toServeValue({ back: '#fff' }),
      () => expect(flagIn(flags, 'half')).toAnswerBecauseOf('SPLIT'),
    ]
    for (const fail of failing) expect(fail).toThrow(/^expected flag/)
  })

  it('say what was wanted, what is served, and every step that led there', () => {
    const set = testFlags({ beta: { rollout: 25, enabled: true, environments: ['test'] } })
    expect(() => expect(flagIn(set, 'beta')).toBeEnabledFor({ id: 'user-4' })).toThrow(
      /^expected flag "beta" to be enabled for "user-4", but\nflag "beta" serves "off" \(false\) to "user-4" in "test": SPLIT\n {2}enabled: on in "test"\n {2}rollout: .*25 %.*\n/,
    )
    expect(() => expect(flagIn(flags, 'theme')).not.toServeVariant('dark')).toThrow(
      /^expected flag "theme" not to serve the variant "dark" for nobody, but\n.*\n(.*\n)* {2}its definition comes from override/,
    )
  })

  it('look at flags of every kind', async () => {
    const defined = defineFlags(definitions, { environment: 'test' })
    expect(flagIn(defined, 'newUserProfile')).not.toBeEnabledFor('ada')
    expect(flagIn(flags.snapshot(), 'theme')).toServeVariant('dark')
  })

  it('do not compile for a key or a variant that is not there', () => {
    // @ts-expect-error
    expect(flagIn(flags, 'newUserProfil')).not.toBeEnabledFor(ada)
    // @ts-expect-error
    expect(flagIn(defineFlags({ beta: {} }), 'bta')).not.toBeEnabledFor(ada)
    // @ts-expect-error
    expect(whyAnswer(defineFlags({ beta: {} }), 'bta')).toContain('FLAG_NOT_FOUND')
    // @ts-expect-error
    expect(flagIn(flags, 'theme')).not.toServeVariant('drak')
    // @ts-expect-error
    expect(flagIn(flags, 'theme')).not.toServeValue(7)
  })

  it('refuse what is no flag', () => {
    for (const other of [flags, undefined, 'newUserProfile']) {
      expect(() => expect(other).toBeEnabledFor(ada)).toThrow('expect(flagIn(flags, ')
    }
  })
})

describe('whyAnswer', () => {
  it('has the error code, the operators’ exposure, and a context that throws', async () => {
    const live = testFlags(definitions)
    await live.ready()
    await live.setRollout('half', 10, { actor: 'ada', reason: 'a test' })
    const hostile = {
      get id(): string {
        throw new Error('no')
      },
    }
    const why = whyAnswer(live, 'half', hostile)
    expect(why).toContain('to a context that cannot be read in "test": ERROR, ')
    expect(why).toContain('operators laid over it: {"rollout":10}')
    expect(whyAnswer(live, 'theme')).toContain('serves nothing to nobody')
    const gone = whyAnswer(live, 'gone' as never)
    expect(gone).toContain('FLAG_NOT_FOUND')
    expect(gone).not.toContain('definition comes from')
  })
})
