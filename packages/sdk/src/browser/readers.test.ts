import type { Json } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openPage, sheetOf } from './browser.fixture.ts'
import { createBrowserFlags } from './create-browser-flags.ts'

const values = { on: true, off: false, theme: 'dark', limit: 7, layout: { columns: [1, 2] } }
const rendered = sheetOf(values)

describe('the readers of a page', () => {
  it('answer from the sheet that was rendered into it, at once', () => {
    const flags = createBrowserFlags({ answers: rendered })
    expect(flags.status).toBe('bootstrap')
    expect([flags.isEnabled('on'), flags.isEnabled('off')]).toEqual([true, false])
    expect(flags.boolean('on', false)).toBe(true)
    expect(flags.string('theme', 'light')).toBe('dark')
    expect(flags.number('limit', 1)).toBe(7)
    expect(flags.object('layout', {})).toEqual({ columns: [1, 2] })
    expect(flags.evaluate('theme')).toEqual({ value: 'dark', variant: 'dark', reason: 'STATIC' })
    expect(flags.all()).toEqual(values)
  })

  it('give the fallback for another type, an error, and what is no flag', () => {
    const failed = { value: true, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' } as const
    const answers = { ...rendered.answers, failed, none: { value: null, reason: 'DISABLED' } }
    const flags = createBrowserFlags({ answers: { ...rendered, answers } as never })
    expect(flags.string('limit', 'x')).toBe('x')
    expect(flags.number('theme', 1)).toBe(1)
    expect(flags.object('none', [])).toEqual([])
    expect(flags.boolean('failed', false)).toBe(false)
    expect(flags.evaluate('none')).toMatchObject({ value: undefined, reason: 'DISABLED' })
    for (const key of ['gone', '__proto__', 'constructor', 'toString', undefined, null, 7, {}]) {
      expect(flags.isEnabled(key as string)).toBe(false)
      expect(flags.object(key as string, ['x'])).toEqual(['x'])
      expect(flags.evaluate(key as string).errorCode).toBe('FLAG_NOT_FOUND')
    }
    expect(flags.isEnabled(Symbol('x') as never)).toBe(false)
  })

  it('hand on what is told of a flag, and nothing that is none', () => {
    const answers = Object.fromEntries(
      [{ docs: '/on' }, 7, ['x'], null].map((metadata, index) => [
        `flag${index}`,
        { value: true, reason: 'STATIC', metadata },
      ]),
    )
    const flags = createBrowserFlags({ answers: { ...rendered, answers } as never })
    expect(flags.evaluate('flag0').metadata).toEqual({ docs: '/on' })
    for (const key of ['flag1', 'flag2', 'flag3']) {
      expect([flags.isEnabled(key), 'metadata' in flags.evaluate(key)]).toEqual([true, false])
    }
  })

  it('are not ready while there is no sheet', () => {
    const flags = createBrowserFlags()
    expect([flags.status, flags.isEnabled('on')]).toEqual(['empty', false])
    expect(flags.evaluate('on').errorCode).toBe('PROVIDER_NOT_READY')
    expect(flags.all()).toEqual({})
  })

  it('never throw, whatever was rendered into the page', async () => {
    const circular: Record<string, unknown> = {}
    circular.answers = circular
    const hostile = {
      get answers() {
        throw new Error('no')
      },
    }
    for (const answers of [7, 'x', [], {}, { answers: {} }, circular, hostile, null]) {
      const flags = createBrowserFlags({ answers: answers as never })
      const errors: string[] = []
      flags.on('error', ({ code }) => errors.push(code))
      expect([flags.status, flags.isEnabled('on')]).toEqual(['empty', false])
      await Promise.resolve()
      expect(errors).toEqual(answers === null ? [] : ['answers_unreadable'])
    }
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (given, key) => {
        const sheet = { revision: 1, environment: 'test', answers: { key: given } }
        for (const answers of [given, sheet, { ...sheet, answers: given }]) {
          const flags = createBrowserFlags({ answers: answers as never })
          for (const each of [key, 'key']) {
            flags.isEnabled(each as string)
            flags.evaluate(each as string)
            flags.string(each as string, 'x')
          }
          flags.all()
        }
      }),
    )
  })

  it('share what nobody can change, and leave the given sheet as it was', () => {
    const given = structuredClone(rendered)
    const flags = createBrowserFlags({ answers: given })
    const layout = flags.object('layout', {}) as { columns: Json[] }
    expect(() => layout.columns.push(3)).toThrow(TypeError)
    expect(() => Object.assign(flags.all(), { on: false })).toThrow(TypeError)
    ;(given.answers.layout as unknown as { value: { columns: number[] } }).value.columns.push(3)
    expect(flags.object('layout', {})).toEqual({ columns: [1, 2] })
  })
})

describe('a snapshot', () => {
  it('stays the same object until an answer changes, and so does each answer', async () => {
    const { flags, source, settle, told } = openPage({ answers: rendered })
    await settle()
    const before = { snapshot: flags.getSnapshot(), all: flags.all(), on: flags.evaluate('on') }
    source().say('sheet', { ...rendered, revision: 9 })
    expect(told).toEqual(['live'])
    expect(flags.getSnapshot()).toBe(before.snapshot)
    const layout = flags.evaluate('layout')
    source().say('sheet', sheetOf({ ...values, on: false, fresh: 1 }))
    expect(told).toEqual(['live', 'change on fresh'])
    expect(flags.getSnapshot()).not.toBe(before.snapshot)
    expect(flags.evaluate('on')).not.toBe(before.on)
    expect(flags.evaluate('layout')).toBe(layout)
    expect(flags.all()).toBe(flags.all())
    expect(flags.getServerSnapshot()).toBe(before.snapshot)
    source().say('sheet', sheetOf({ on: false }))
    expect(told.at(-1)).toBe('change off theme limit layout fresh')
    expect(flags.evaluate('theme').errorCode).toBe('FLAG_NOT_FOUND')
    flags.close()
  })

  it('changes for another user, whose answers may be the same', async () => {
    const { flags, source, settle, told } = openPage({ answers: rendered })
    await settle()
    source().say('sheet', { ...rendered, targetingKey: 'bo' })
    expect(told).toEqual(['change', 'live'])
    expect(flags.getSnapshot().targetingKey).toBe('bo')
    source().say('sheet', { ...rendered, targetingKey: 'bo', environment: 'production' })
    expect(flags.getSnapshot().environment).toBe('production')
    flags.close()
  })

  it('knows a sheet without flags from none', () => {
    const flags = createBrowserFlags({ answers: { revision: 0, environment: '', answers: {} } })
    expect([flags.status, flags.evaluate('on').errorCode]).toEqual(['bootstrap', 'FLAG_NOT_FOUND'])
  })
})

describe('listeners', () => {
  it('that throw or reject are told as errors, and stop nobody', async () => {
    const { flags, source, settle, told } = openPage()
    await settle()
    let heard = 0
    flags.on('change', () => {
      throw new Error('no')
    })
    flags.on('change', (async () => {
      throw new Error('no')
    }) as () => void)
    flags.on('error', () => {
      throw new Error('no')
    })
    const stop = flags.on('change', () => {
      heard += 1
    })
    source().say('sheet', rendered)
    await settle()
    expect(heard).toBe(1)
    expect(told.filter((each) => each === 'listener_failed')).toHaveLength(2)
    stop()
    source().say('sheet', sheetOf({ on: false }))
    expect(heard).toBe(1)
    flags.close()
  })
})
