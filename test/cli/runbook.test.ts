import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRolloutController } from '@sluice/rollout'
import { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createManualClock } from '@sluice/stores/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkplace, type Workplace } from './terminal.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let place: Workplace
beforeAll(async () => {
  place = await createWorkplace()
  await prepareNight()
})
afterAll(() => place.remove())

/** The night of the runbook: three rollouts, one of them in trouble, and a flag without one. */
async function prepareNight(): Promise<void> {
  const definitions = { newBanner: {}, newCheckout: {}, newProfile: {}, newSearch: {} }
  await writeFile(join(place.folder, 'sluice.config.json'), JSON.stringify({ definitions }))
  const clock = createManualClock(Date.parse('2026-11-24T02:55:00Z'))
  const store = createFileStore({ directory: join(place.folder, 'log'), create: true })
  const replica = createReplica({ store, clock })
  const environment = 'production'
  const badly = createVerdict('fail', {
    ...{ guard: 'error_rate', consequence: 'hold', because: '6.2 % errors against 1.1 %' },
  })
  const open = (flag: string, verdicts: ReturnType<typeof createVerdict>[] = []) => {
    const judge = scriptedJudge(() => verdicts)
    return createRolloutController({ replica, environment, flag, clock, judge })
  }
  await replica.commit({
    ...{ actor: 'bo', action: 'enable', reason: 'the new banner', environment },
    changes: [{ key: 'exposure/production/newBanner', value: { enabled: true, rollout: 100 } }],
  })
  await open('newCheckout').start({ actor: 'bo', reason: 'the new checkout' })
  const profile = open('newProfile')
  await profile.start({ actor: 'bo', reason: 'the new profile' })
  await profile.promote({ actor: 'bo', reason: 'seen enough' })
  const search = open('newSearch', [badly])
  await search.start({ actor: 'bo', reason: 'the new search' })
  await clock.advance(17 * 60_000)
  await search.tick()
  await replica.close()
  await store.close()
}

/** What is typed and seen in the page's console blocks, in order. */
async function readTranscript(): Promise<{ typed: string; seen: string }[]> {
  const page = await readFile(join(root, 'docs/runbook.md'), 'utf8')
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .filter((part) => part !== '')
      .map((part) => {
        const [typed = '', ...lines] = part.trimEnd().split('\n')
        return { typed, seen: lines.join('\n') }
      }),
  )
}

describe('the runbook', () => {
  it('shows what an engineer sees who types it', async () => {
    const transcript = await readTranscript()
    expect(transcript.length).toBeGreaterThan(8)
    for (const { typed, seen } of transcript) {
      const screen = await place.type(typed, {
        ...{ columns: 140, at: '2026-11-24T03:14:00Z' },
        env: { SLUICE_STORE: 'log', SLUICE_ENVIRONMENT: 'production' },
      })
      const shown = screen.replace(/\n\[exit \d+\]\n$/, '\n').trimEnd()
      expect(shown).toBe(seen === '' ? `$ ${typed}` : `$ ${typed}\n${seen}`)
    }
  })
})
