import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import type { AnswerSheet } from '../answer-sheet.ts'
import { openPage, sheetOf } from '../browser/browser.fixture.ts'
import { createBrowserFlags } from '../browser/create-browser-flags.ts'
import { createHooks, Feature, SluiceProvider, useFlag, useFlags, useVariant } from '../react.ts'

const answers: AnswerSheet = sheetOf({
  ...{ on: true, off: false, theme: 'dark', list: [1], layout: { columns: 2 } },
})
const failed = { value: 'spare', reason: 'ERROR', errorCode: 'INVALID_CONTEXT' } as const

function Out(): ReactNode {
  return String(useFlag('on'))
}

/** What a component renders on a server. */
function render(component: () => ReactNode, given: AnswerSheet | undefined = answers): string {
  const provider = createElement(SluiceProvider, { answers: given }, createElement(component))
  return renderToString(provider).replaceAll('&quot;', '"')
}

describe('the hooks on a server', () => {
  it('answer from the sheet', () => {
    expect(render(() => `${useFlag('on')} ${useFlag('off')} ${useFlag('gone')}`)).toBe(
      'true false false',
    )
    expect(render(() => JSON.stringify(useFlags()))).toBe(
      '{"on":true,"off":false,"theme":"dark","list":[1],"layout":{"columns":2}}',
    )
    const empty = sheetOf({})
    expect(render(() => `${useFlag('on')} ${JSON.stringify(useFlags())}`, empty)).toBe('false {}')
  })

  it('give the value of a variant, or the fallback where it is of another type', () => {
    const of = (key: string, fallback: never) =>
      render(() => JSON.stringify(useVariant(key, fallback)), {
        ...answers,
        answers: { ...answers.answers, failed },
      })
    expect(of('theme', 'light' as never)).toBe('"dark"')
    expect(of('theme', 7 as never)).toBe('7')
    expect(of('list', [] as never)).toBe('[1]')
    expect(of('list', {} as never)).toBe('{}')
    expect(of('layout', [] as never)).toBe('[]')
    expect(of('layout', {} as never)).toBe('{"columns":2}')
    expect(of('gone', 'light' as never)).toBe('"light"')
    expect(of('theme', null as never)).toBe('"dark"')
    expect(of('gone', null as never)).toBe('null')
    expect(of('failed', null as never)).toBe('null')
  })

  it('show a feature or its fallback', () => {
    const feature = (flag: string) =>
      render(() => createElement(Feature, { flag, fallback: 'old' }, 'new'))
    expect([feature('on'), feature('off'), feature('gone')]).toEqual(['new', 'old', 'old'])
    expect(render(() => createElement(Feature, { flag: 'off' }, 'new'))).toBe('')
  })

  it('read flags that the application made', () => {
    const flags = createBrowserFlags({ answers })
    expect(renderToString(createElement(SluiceProvider, { flags }, createElement(Out)))).toBe(
      'true',
    )
  })

  it('keep to the rendered sheet where the flags have moved on: a late boundary is taken over by it', async () => {
    const { flags, source, settle } = openPage({ answers })
    await settle()
    source().say('sheet', sheetOf({ on: false, theme: 'light' }))
    expect(flags.isEnabled('on')).toBe(false)
    const page = (component: () => ReactNode) =>
      renderToString(createElement(SluiceProvider, { flags }, createElement(component)))
    expect(page(Out)).toBe('true')
    expect(page(() => String(useVariant('theme', '')))).toBe('dark')
    expect(page(() => Object.keys(useFlags()).join())).toBe('on,off,theme,list,layout')
    flags.close()
  })

  it('say what is missing without a provider', () => {
    expect(() => renderToString(createElement(Out))).toThrow(
      expect.objectContaining({ code: 'provider_missing' }),
    )
  })
})

describe('createHooks', () => {
  const definitions = {
    on: { enabled: true },
    theme: { variants: { dark: 'dark', light: 'light' } },
  }
  const hooks = createHooks<typeof definitions>()

  it('are the same functions, typed by the definitions', () => {
    expect(hooks.useFlag).toBe(useFlag)
    const typed = (): void => {
      const isOn: boolean = hooks.useFlag('on')
      const theme: string = hooks.useVariant('theme', 'dark')
      const all: { readonly on?: boolean; readonly theme?: string } = hooks.useFlags()
      // @ts-expect-error A misspelt key.
      hooks.useFlag('onn')
      // @ts-expect-error It has no true and false.
      hooks.useFlag('theme')
      // @ts-expect-error A number is no theme.
      hooks.useVariant('theme', 7)
      // @ts-expect-error A misspelt key.
      createElement(hooks.Feature, { flag: 'onn' })
      void [isOn, theme, all]
    }
    expect(typed).toBeTypeOf('function')
  })
})
