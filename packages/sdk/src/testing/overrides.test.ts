import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { testFlags } from '../testing.ts'

const environments = ['test']
const note = { actor: 'ada', reason: 'a test' }

describe('a flag that is set', () => {
  it('is set for every reader, of whatever type', () => {
    const flags = testFlags(
      {
        size: { variants: { small: 1, big: 3 } },
        menu: { variants: { short: { rows: 2 }, long: { rows: 9 } } },
      },
      { size: 'big', menu: 'long' },
    )
    expect(flags.number('size', 'ada', 0)).toBe(3)
    expect(flags.object('menu', 'ada', {})).toEqual({ rows: 9 })
    flags.withFlags({ size: 'small', menu: 'short' }, () => {
      expect(flags.number('size', 'ada', 0)).toBe(1)
      expect(flags.object('menu', 'ada', {})).toEqual({ rows: 2 })
    })
  })

  it('is by the inner of two that set it', () => {
    const flags = testFlags({ theme: { variants: { dark: 'd', light: 'l', auto: 'a' } } } as const)
    const theme = () => flags.string('theme', 'ada', '')
    flags.withFlags({ theme: 'dark' }, () => {
      expect(flags.withFlags({ theme: 'light' }, theme)).toBe('l')
      expect(flags.withFlags({}, theme)).toBe('d')
      expect(theme()).toBe('d')
    })
  })

  it('is true by a variant that is true, not by one that is called so', () => {
    const flags = testFlags({ answer: { variants: { on: 'true', off: 'false' } } })
    expect(() => flags.override({ answer: true as never })).toThrow('cannot be set to true')
  })

  it('is no flag any more where the log drops it', async () => {
    const store = createMemoryStore()
    const writer = testFlags({}, {}, { store })
    await writer.ready()
    const define = (value: object | null) =>
      writer.replica.commit({
        ...{ ...note, action: 'define' },
        changes: [{ key: 'flag/banner', value: value as never }],
      })
    await define({ environments })
    const flags = testFlags<Record<string, object>>({}, {}, { store })
    await flags.ready()
    flags.override({ banner: true })
    expect(flags.isEnabled('banner')).toBe(true)
    await define(null)
    await flags.replica.refresh()
    expect(flags.evaluate('banner')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
    await Promise.all([writer.close(), flags.close()])
  })

  it('leaves the others their instant', () => {
    const schedule = { from: '2027-01-01T00:00:00Z' }
    const sale = { enabled: true, rollout: 100, environments, schedule }
    const flags = testFlags({ sale, banner: {} }, { banner: true })
    const evaluation = { now: Date.parse('2027-06-01T00:00:00Z') }
    expect(flags.isEnabled('sale')).toBe(false)
    expect(flags.evaluate('sale', 'ada', evaluation).value).toBe(true)
    expect(flags.explain('sale', 'ada', evaluation).answer.value).toBe(true)
    const all = flags.evaluateAll('ada', evaluation)
    expect(all.map(({ value }) => value)).toEqual([true, true])
    flags.onAnswer(() => {})
    expect(flags.evaluate('sale', 'ada', evaluation).value).toBe(true)
  })
})
