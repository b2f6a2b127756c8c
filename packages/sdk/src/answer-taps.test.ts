import { describe, expect, it } from 'vitest'
import { openFlags } from './index.ts'
import { testFlags } from './testing.ts'

const environment = 'test'
const on = { enabled: true, rollout: 100, environments: [environment] }

/** Flags, and the codes of the errors that they told of. */
function open() {
  const flags = openFlags({ environment, definitions: { checkout: on, menu: on } })
  const errors: string[] = []
  flags.on('error', ({ code }) => errors.push(code))
  return { flags, errors }
}

describe('onAnswer', () => {
  it('hears each single question, with its answer and whom it was asked for, until it is stopped', () => {
    const { flags } = open()
    const heard: unknown[] = []
    const stop = flags.onAnswer(({ flagKey, value }, context) =>
      heard.push([flagKey, value, context]),
    )
    flags.isEnabled('checkout', 'ada')
    flags.forRequest('bo').boolean('menu', false)
    flags.all('cy')
    stop()
    flags.isEnabled('checkout', 'dee')
    expect(heard).toEqual([
      ['checkout', true, 'ada'],
      ['menu', true, 'bo'],
    ])
  })

  it('does not hear what a listener asks', () => {
    const { flags, errors } = open()
    const heard: string[] = []
    flags.onAnswer(({ flagKey }) => {
      heard.push(flagKey)
      if (flags.isEnabled('menu')) flags.forRequest('ada').isEnabled('checkout')
    })
    expect(flags.isEnabled('checkout', 'ada')).toBe(true)
    flags.isEnabled('menu', 'ada')
    expect([heard, errors]).toEqual([['checkout', 'menu'], []])
  })

  it('does not hear what a listener asks later, and so comes to an end', async () => {
    const { flags, errors } = open()
    const heard: string[] = []
    flags.onAnswer(async ({ flagKey }) => {
      // Where it went on for ever, the test would.
      if (heard.push(flagKey) > 9) throw new Error('it hears itself')
      await Promise.resolve()
      flags.isEnabled('menu')
    })
    flags.isEnabled('checkout', 'ada')
    await new Promise((resolve) => setImmediate(resolve))
    flags.isEnabled('checkout', 'bo')
    await new Promise((resolve) => setImmediate(resolve))
    expect([heard, errors]).toEqual([['checkout', 'checkout'], []])
  })

  it('drops a listener that throws, or that fails later, tells of it once, and leaves the others', async () => {
    const { flags, errors } = open()
    const heard: string[] = []
    flags.onAnswer(() => {
      throw new Error('mine')
    })
    flags.onAnswer(async () => {
      await Promise.resolve()
      throw new Error('mine, later')
    })
    flags.onAnswer(({ flagKey }) => heard.push(flagKey))
    expect([flags.isEnabled('checkout'), flags.isEnabled('menu')]).toEqual([true, true])
    await new Promise((resolve) => setImmediate(resolve))
    flags.isEnabled('checkout')
    expect(errors).toEqual(['listener_failed', 'listener_failed'])
    expect(heard).toEqual(['checkout', 'menu', 'checkout'])
  })

  it('hears what a test has set, and leaves it set', () => {
    const flags = testFlags({ checkout: {}, theme: { variants: { dark: 'd', light: 'l' } } })
    const heard: unknown[] = []
    flags.onAnswer(({ value }) => heard.push(value))
    flags.override({ checkout: true })
    flags.withFlags({ theme: 'light' }, () => {
      expect(flags.isEnabled('checkout')).toBe(true)
      expect(flags.string('theme', 'ada', '')).toBe('l')
      expect(flags.guarded('checkout', 'ada', { on: () => 'new', off: () => 'old' })).toBe('new')
    })
    expect(heard).toEqual([true, 'l', true])
  })
})
