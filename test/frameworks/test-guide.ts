import { expect, it } from 'vitest'
import { findBinary } from '../services/process.ts'
import { describeWith, type ServiceKind } from '../services/service.ts'
import { createGuideProject, type GuideProject, type Typed } from './guide-project.ts'

/** Follows `docs/guides/<name>.md` to the letter, with the tarballs, in a project that has nothing else of ours. */
export function testGuide(name: string): void {
  const reader: ServiceKind<GuideProject & { stop(): Promise<void> }> = {
    name: 'curl',
    binary: findBinary('curl'),
    install: 'apt-get install curl',
    startTimeoutMs: 300_000,
    async start() {
      const project = await createGuideProject(name)
      return { ...project, stop: project.remove }
    },
  }

  describeWith(reader, `a reader of the guide to ${name}`, (project) => {
    it('writes files that a strict compiler accepts', () => {
      expect(project().compile()).toEqual([])
    })

    it('sees a rollout through to everybody, and a bad version go back by itself', async () => {
      await project().type('The service')
      seesItThrough(await project().type('A rollout'))
      seesItGoBack(await project().type('A bad one'))
    }, 180_000)
  })
}

function seesItThrough([start, watch, answer, status, ...more]: readonly Typed[]): void {
  expect(more).toEqual([])
  expect(start).toMatchObject({ exitCode: 0 })
  expect(start?.printed).toContain('newCheckout  running  5 %')
  expect(watch).toMatchObject({ exitCode: 0 })
  expect(wordsIn(watch, ['50 %', '100 %', 'completed'])).toEqual(['50 %', '100 %', 'completed'])
  expect(answer?.printed).toBe(answer?.prints)
  expect(status?.printed).toMatch(/newCheckout in production +completed {2}100 %/)
}

function seesItGoBack([start, watch, answer, log, ...more]: readonly Typed[]): void {
  expect(more).toEqual([])
  expect(start).toMatchObject({ exitCode: 0 })
  expect(watch).toMatchObject({ exitCode: 1 })
  expect(watch?.printed).toMatch(/controller {2}roll back: error_rate: canary errors/)
  expect(answer?.printed).toBe(answer?.prints)
  const actions = [...(log?.printed ?? '').matchAll(/ (ada|controller) +([a-z]+_[a-z]+)/g)]
  expect(actions.slice(-4).map(([, who, what]) => `${who} ${what}`)).toEqual([
    'ada start_rollout',
    'controller roll_back',
    'controller verify_rollback',
    'controller end_rollback',
  ])
}

/** Those of the words that were printed, in the order in which they first were. */
function wordsIn(typed: Typed | undefined, words: readonly string[]): string[] {
  const text = typed?.printed ?? ''
  return words
    .filter((word) => text.includes(word))
    .sort((one, other) => text.indexOf(one) - text.indexOf(other))
}
