import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it, vi } from 'vitest'
import { currentFlags, hasTag, openFlags, runWithFlags } from './index.ts'

const environment = 'test'
const environments = [environment]
const note = { actor: 'ada', reason: 'a test' }

function open(options: { countAsked?: boolean } = {}) {
  const clock = createManualClock()
  const flags = openFlags({
    ...{ environment, clock, ...options },
    definitions: {
      newProfile: { enabled: true, rollout: 100, environments, tags: ['public'] },
      sale: {
        ...{ enabled: true, rollout: 100, environments },
        schedule: { from: clock.now() + 1_000 },
      },
      theme: {
        ...{ enabled: true, environments, tags: ['public'] },
        variants: { dark: '#000', light: '#fff' },
        split: { dark: 100, light: 0 },
      },
      size: { enabled: true, rollout: 100, environments, serve: 'big', variants: { big: 3 } },
      menu: { enabled: true, rollout: 100, environments, serve: 'a', variants: { a: { rows: 2 } } },
      price: { environments, variants: { low: 1, high: 2 } },
      half: { enabled: true, rollout: 50, environments },
    },
  })
  return { flags, clock }
}

describe('forRequest', () => {
  it('answers every question as the client does, without being told for whom', async () => {
    const { flags } = open()
    await flags.ready()
    const user = { id: 'ada', plan: 'pro' }
    const scope = flags.forRequest(user)
    expect(scope.isEnabled('newProfile')).toBe(true)
    expect(scope.boolean('newProfile', false)).toBe(true)
    expect(scope.string('theme', '')).toBe('#000')
    expect(scope.number('size', 0)).toBe(3)
    expect(scope.object('menu', {})).toEqual({ rows: 2 })
    expect(scope.number('price', 7)).toBe(7)
    for (const key of ['newProfile', 'theme', 'half', 'price', 'sale'] as const) {
      expect(scope.evaluate(key)).toEqual(flags.evaluate(key, user))
      expect(scope.explain(key).answer).toEqual(flags.evaluate(key, user))
    }
    expect(scope.all()).toEqual(flags.all(user))
    expect(scope).toMatchObject({ context: user, environment, revision: 0 })
    expect(scope.client).toBe(flags)
  })

  it('gives the fallback for another type, an error and a flag that is not there', () => {
    const { flags } = open()
    const scope = flags.forRequest(undefined)
    expect(scope.string('newProfile' as never, 'x')).toBe('x')
    expect(scope.boolean('half', true)).toBe(true)
    expect(scope.isEnabled('half')).toBe(false)
    expect(scope.isEnabled('gone' as never)).toBe(false)
    expect(scope.object('gone' as never, [])).toEqual([])
  })

  it('sees neither a change of the log nor the hour of a schedule', async () => {
    const { flags, clock } = open()
    await flags.ready()
    const before = flags.forRequest('ada')
    await flags.disable('newProfile', note)
    await clock.advance(2_000)
    const after = flags.forRequest('ada')
    const seen = (scope: typeof before) => ({
      answers: [
        scope.isEnabled('newProfile'),
        scope.isEnabled('sale'),
        scope.boolean('sale', false),
      ],
      explained: scope.explain('sale').answer.value,
      all: [scope.all().newProfile, scope.all().sale],
      sheet: scope.answerSheet({ keys: ['sale'] }).answers.sale?.value,
      revision: scope.revision,
    })
    expect(seen(before)).toEqual({
      ...{ answers: [true, false, false], explained: false, all: [true, false] },
      ...{ sheet: false, revision: 0 },
    })
    expect(seen(after)).toEqual({
      ...{ answers: [false, true, true], explained: true, all: [false, true] },
      ...{ sheet: true, revision: 1 },
    })
    expect(seen(before.withContext('bo'))).toEqual(seen(before))
    expect(before.withContext('bo').context).toBe('bo')
    await flags.close()
  })

  it('runs and counts the branch that the request sees', async () => {
    const { flags } = open()
    await flags.ready()
    const scope = flags.forRequest('ada')
    await flags.disable('newProfile', note)
    expect(scope.guarded('newProfile', { on: () => 'new', off: () => 'old' })).toBe('new')
    expect(flags.guarded('newProfile', 'ada', { on: () => 'new', off: () => 'old' })).toBe('old')
    expect(flags.health('newProfile').read()).toMatchObject({
      ...{ canary: { requests: 1 }, stable: { requests: 1 } },
    })
  })

  it('counts as asking for a flag', async () => {
    const { flags, clock } = open({ countAsked: true })
    await flags.ready()
    const scope = flags.forRequest('ada')
    scope.isEnabled('newProfile')
    scope.string('theme', '')
    scope.isEnabled('gone' as never)
    scope.all()
    await clock.advance(3_600_000)
    const asked = (key: string) => flags.replica.get(`asked/test/${key}`)?.value
    expect(asked('newProfile')).toMatchObject({ variants: { on: 1 } })
    expect(asked('theme')).toMatchObject({ variants: { dark: 1 } })
    expect(asked('half')).not.toHaveProperty('variants')
    expect(asked('gone')).toBeUndefined()
    await flags.close()
  })
})

describe('all', () => {
  it('is the value of every flag, by its key, in a plain object', () => {
    const { flags } = open()
    const all = flags.all('ada')
    expect(all).toEqual({
      ...{ newProfile: true, sale: false, theme: '#000', size: 3, menu: { rows: 2 }, price: null },
      half: flags.isEnabled('half', 'ada'),
    })
    expect(Object.getPrototypeOf(all)).toBe(Object.prototype)
    expect(structuredClone(all)).toEqual(all)
    const theme: string | null = all.theme
    expect(theme).toBe('#000')
  })

  it('shows the flags that are named, that are public, or that are both', () => {
    const { flags } = open()
    const isPublic = hasTag('public')
    expect(Object.keys(flags.all('ada', { isPublic })).sort()).toEqual(['newProfile', 'theme'])
    expect(flags.all('ada', { keys: ['theme', 'half'], isPublic })).toEqual({ theme: '#000' })
    expect(flags.all('ada', { keys: [] })).toEqual({})
    expect(flags.forRequest('ada').all({ keys: ['theme'] })).toEqual({ theme: '#000' })
    const { answers } = flags.answerSheet('ada', { isPublic })
    expect(Object.keys(answers).sort()).toEqual(['newProfile', 'theme'])
  })

  it('does not compile for a sheet that does not say what is public', () => {
    const { flags } = open()
    // @ts-expect-error It would show every flag.
    expect(() => flags.answerSheet('ada')).toThrow("give it { isPublic: hasTag('public') } or")
    // @ts-expect-error No such flag.
    expect(flags.answerSheet('ada', { keys: ['neewProfile'] }).answers).toEqual({})
  })

  it('does not make a sheet for who misspells it where nobody compiles', () => {
    const { flags } = open()
    const shown = [{}, { ispublic: () => false }, { isPublic: undefined }, { keys: 'theme' }]
    for (const each of [...shown, { keys: ['theme'], isPublic: 'public' }]) {
      for (const make of [
        () => flags.answerSheet('ada', each as never),
        () => flags.forRequest('ada').answerSheet(each as never),
      ]) {
        expect(make, JSON.stringify(each)).toThrow(
          expect.objectContaining({ code: 'invalid_option' }),
        )
      }
    }
  })
})

describe('currentFlags', () => {
  it('finds the flags of the request that it runs for, over awaits, and nothing outside', async () => {
    const { flags } = open()
    const ask = async () => {
      await Promise.resolve()
      return currentFlags(flags)?.context
    }
    const asked = ['ada', 'bo'].map((user) => runWithFlags(flags.forRequest(user), ask))
    expect(await Promise.all(asked)).toEqual(['ada', 'bo'])
    expect([currentFlags(), currentFlags(flags)]).toEqual([undefined, undefined])
  })

  it('finds the innermost scope, of one client where that is asked for', () => {
    const [first, second] = [open().flags, open().flags]
    runWithFlags(first.forRequest('ada'), () =>
      runWithFlags(second.forRequest('bo'), () => {
        expect([currentFlags()?.context, currentFlags(first)?.context]).toEqual(['bo', 'ada'])
        expect(runWithFlags(first.forRequest('cy'), () => currentFlags(first)?.context)).toBe('cy')
        expect(currentFlags(second)?.context).toBe('bo')
        expect(currentFlags(open().flags)).toBeUndefined()
      }),
    )
  })

  it('finds the scope of another copy of this module', async () => {
    vi.resetModules()
    const copy = await import('./current-flags.ts')
    expect(copy.currentFlags).not.toBe(currentFlags)
    runWithFlags(open().flags.forRequest('ada'), () =>
      expect(copy.currentFlags()?.context).toBe('ada'),
    )
  })

  it('lets through what the function returns and throws', () => {
    const scope = open().flags.forRequest('ada')
    expect(runWithFlags(scope, () => 7)).toBe(7)
    const fail = () => {
      throw new Error('mine')
    }
    expect(() => runWithFlags(scope, fail)).toThrow('mine')
    expect(currentFlags()).toBeUndefined()
  })
})
