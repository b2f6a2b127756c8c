import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { everyVariant, testFlags } from '../testing.ts'

const definitions = { newProfile: {} }

/** A server of the application's, asked without a socket: the request begins when it is awaited. */
function open() {
  const flags = testFlags(definitions)
  const app = fastify()
  app.get('/', async () => ({ isNew: flags.isEnabled('newProfile') }))
  return { flags, ask: () => app.inject('/') }
}

/** As a query that has not begun: whoever awaits it begins it. */
const lazy = <T>(begin: () => T): PromiseLike<T> => ({
  // biome-ignore lint/suspicious/noThenProperty: what is tested
  then: (resolve, reject) => Promise.resolve().then(begin).then(resolve, reject),
})

describe('what begins when it is awaited', () => {
  it('begins with the flags that withFlags sets', async () => {
    const { flags, ask } = open()
    const asked = [
      flags.withFlags({ newProfile: true }, ask),
      flags.withFlags({ newProfile: false }, ask),
    ]
    const answers = await Promise.all(asked)
    expect(answers.map((each) => each.json().isNew)).toEqual([true, false])
  })

  it('keeps an override until it is over', async () => {
    const { flags, ask } = open()
    const answer = await flags.override({ newProfile: true }, ask)
    expect(answer.json()).toEqual({ isNew: true })
    expect(flags.isEnabled('newProfile')).toBe(false)
    const failing = flags.override({ newProfile: true }, () =>
      lazy(() => {
        throw new Error(`on is ${flags.isEnabled('newProfile')}`)
      }),
    )
    await expect(failing).rejects.toThrow('on is true')
    expect(flags.isEnabled('newProfile')).toBe(false)
  })

  it('runs in its own combination of everyVariant', async () => {
    const { flags } = open()
    const seen: boolean[] = []
    await everyVariant(flags, () => lazy(() => seen.push(flags.isEnabled('newProfile'))))
    expect(seen).toEqual([true, false])
  })

  it('is a promise for the compiler, and what is at hand stays what it is', async () => {
    const flags = testFlags(definitions)
    const later: Promise<number> = flags.withFlags({}, () => lazy(() => 7))
    expect(later).toBeInstanceOf(Promise)
    const now: number = flags.override({}, () => 7)
    expect([await later, now]).toEqual([7, 7])
  })
})
