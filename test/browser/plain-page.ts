import { answersInPage, createBrowserFlags } from '@sluice/sdk/browser'
import type { definitions } from './definitions.ts'
import { expose, page } from './page.ts'
import { textOf } from './text.ts'

const flags = createBrowserFlags<typeof definitions>({
  ...{ answers: answersInPage(), url: '/answers' },
  ...page.options,
})
const out = page.document.getElementById('out') as { textContent: string | null }
const statuses: string[] = [flags.status]
const errors: string[] = []

function draw(): void {
  out.textContent = textOf(flags.isEnabled('newProfile'), flags.string('theme', 'fallback'))
}

draw()
flags.subscribe(draw)
flags.on('status', (status) => statuses.push(status))
flags.on('error', ({ code }) => errors.push(code))
expose({ flags, statuses, errors })
