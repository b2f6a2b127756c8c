import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkplace, type Workplace } from './terminal.ts'

let place: Workplace
beforeAll(async () => {
  place = await createWorkplace()
})
afterAll(() => place.remove())

describe('a command line that is typed wrongly', () => {
  it('is told what there is instead of a command', async () => {
    expect(await place.type('sluice flgs', { columns: 80 })).toMatchInlineSnapshot(`
      "$ sluice flgs
      ✗ There is no command sluice flgs.
        Did you mean flags?
        sluice --help says more.
      [exit 3]
      "
    `)
  })

  it('is told how to name a store', async () => {
    expect(await place.type('sluice flags', { columns: 80 })).toMatchInlineSnapshot(`
      "$ sluice flags
      ✗ Where is the log? No store is named.
        Add --store ./folder (or redis://, postgres://, nats://, https://), set SLUICE
      _STORE,
        or type sluice init, which writes a sluice.config.ts that names one.
      [exit 3]
      "
    `)
  })
})
