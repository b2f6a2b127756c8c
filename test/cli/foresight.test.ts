import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHealthRecorder, packTick } from '@sluice/guards'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkplace, type Workplace, widths } from './terminal.ts'

let place: Workplace
beforeAll(async () => {
  place = await createWorkplace()
})
afterAll(() => place.remove())

/** A minute of a hundred requests a second in each arm, of which so many of the canary's fail. */
function recordTicks(canaryErrors: number): string {
  return Array.from({ length: 60 }, (_, second) => {
    const recorder = createHealthRecorder()
    for (let index = 0; index < 100; index++) {
      recorder.observe({ arm: 'stable', ok: index > 0, durationMs: 100 })
      recorder.observe({ arm: 'canary', ok: index >= canaryErrors, durationMs: 100 })
    }
    const at = Date.parse('2026-03-01T09:00:00Z') + 1_000 * second
    return JSON.stringify(packTick({ at, ...recorder.read() }))
  }).join('\n')
}

describe('before a rollout, and after it', () => {
  it.each(widths)('a forecast fits a window of %i columns', async (columns) => {
    const line = 'sluice forecast --rps 40 --baseline 0.5% --p95 120 --stages 5,50,100'
    expect(await place.type(line, { columns })).toMatchSnapshot()
  })

  it.each(widths)('recorded ticks are judged in a window of %i columns', async (columns) => {
    await writeFile(join(place.folder, 'bad.jsonl'), recordTicks(20))
    await writeFile(join(place.folder, 'good.jsonl'), recordTicks(1))
    const bad = await place.type('sluice replay bad.jsonl', { columns })
    const good = await place.type('sluice replay good.jsonl --guards error_rate', { columns })
    expect(bad + good).toMatchSnapshot()
  })

  it('says what to type instead, for every way to be wrong', async () => {
    await writeFile(join(place.folder, 'odd.jsonl'), '{"at":1}\nnonsense')
    await writeFile(join(place.folder, 'empty.jsonl'), '')
    const lines = [
      'sluice forecast',
      'sluice forecast --rps many --baseline 1%',
      'sluice forecast --rps 40 --baseline 200%',
      'sluice replay',
      'sluice replay nowhere.jsonl',
      'sluice replay odd.jsonl',
      'sluice replay empty.jsonl',
      'sluice replay odd.jsonl --guards none',
    ].map((line) => ({ line }))
    expect((await place.typeAll(lines, { columns: 80 })).join('')).toMatchSnapshot()
  })
})
