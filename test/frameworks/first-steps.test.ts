import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGuideProject, type GuideProject } from './guide-project.ts'

describe('a reader of the first guides, one after the other in one folder', () => {
  const guides = ['first-flag', 'move-a-percentage', 'guard-a-service', 'roll-back']
  let project: GuideProject

  beforeAll(async () => {
    project = await createGuideProject('first-flag')
  }, 300_000)

  afterAll(async () => {
    await project?.remove()
  })

  it('types nothing that fails, and sees what the pages show', async () => {
    let typed = 0
    for (const name of guides) {
      for (const heading of await project.turnTo(name)) {
        for (const { line, prints, printed, exitCode } of await project.type(heading)) {
          expect([exitCode, printed], `${name}: ${line}`).toEqual([0, prints || printed])
          typed += 1
        }
      }
    }
    expect(typed).toBeGreaterThan(10)
    expect(project.compile()).toEqual([])
  }, 300_000)
})
