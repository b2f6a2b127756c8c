import { answersInPage, createBrowserFlags } from '@sluice/sdk/react'
import { createElement } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { expose, page } from './page.ts'
import { App, renders } from './react-app.ts'

const recoverable: string[] = []
const answers = answersInPage()
const propsOf = (more: object) => ({ answers, url: '/answers', ...page.options, ...more })
const root = hydrateRoot(
  page.document.getElementById('root') as never,
  createElement(App, propsOf({})),
  { onRecoverableError: (error) => recoverable.push(String(error)) },
)

expose({
  createBrowserFlags,
  renders,
  recoverable,
  render: (more: object) => root.render(createElement(App, propsOf(more))),
  unmount: () => root.unmount(),
})
