import { createHooks, type SluiceProviderProps } from '@sluice/sdk/react'
import { createElement, type ReactNode, StrictMode } from 'react'
import type { definitions } from './definitions.ts'
import { textOf } from './text.ts'

const hooks = createHooks<typeof definitions>()
const { SluiceProvider, useFlag, useFlags, useVariant, Feature } = hooks

/** How often each component was rendered, and with what. */
export const renders: string[] = []

function Out(): ReactNode {
  const text = textOf(useFlag('newProfile'), useVariant('theme', 'fallback'))
  renders.push(`out ${text}`)
  return createElement('p', { id: 'out' }, text)
}

function Theme(): ReactNode {
  const theme = useVariant('theme', 'fallback')
  renders.push(`theme ${theme}`)
  return createElement('i', null, theme)
}

function All(): ReactNode {
  return createElement('b', null, Object.keys(useFlags()).sort().join(' '))
}

/** The application, as the server and the page render it. */
export function App(props: SluiceProviderProps): ReactNode {
  const children = [
    createElement(Out, { key: 1 }),
    createElement(Theme, { key: 2 }),
    createElement(All, { key: 3 }),
    createElement(Feature, { key: 4, flag: 'newProfile', fallback: 'before' }, 'after'),
  ]
  return createElement(
    StrictMode,
    null,
    createElement(SluiceProvider, props, createElement('main', null, children)),
  )
}
