import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createManualClock } from '@sluice/stores/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkplace, startAt, type Workplace, widths } from './terminal.ts'

let place: Workplace
beforeAll(async () => {
  place = await createWorkplace()
})
afterAll(() => place.remove())

/** A log of its own for each test, and a team of three. */
async function prepare(name: string): Promise<TypeAs> {
  const folder = join(place.folder, name)
  await mkdir(folder)
  await openLog(join(folder, 'log'))
  const config = {
    ...{ store: './log', environment: 'production', definitions: { newCheckout: {} } },
    directory: { ada: ['team_lead'], bo: ['developer'], cy: ['on_call'] },
  }
  await writeFile(join(folder, 'sluice.config.json'), JSON.stringify(config))
  const columns = columnsOf(name)
  const envOf = (who: string) => ({
    ...{ SLUICE_CONFIG: `${name}/sluice.config.json`, SLUICE_ACTOR: who },
  })
  const type = (who: string, line: string) => place.type(line, { columns, env: envOf(who) })
  /** All in one process: for the screens alone. */
  const all = async (lines: readonly TypedBy[]) => {
    const typed = lines.map(([who, line, at = startAt]) => ({ line, at, env: envOf(who) }))
    return (await place.typeAll(typed, { columns })).join('')
  }
  return Object.assign(type, { all })
}

/** Who types a line, and when. */
type TypedBy = readonly [who: string, line: string, at?: string]

/** Types a line as somebody, or several as several. */
interface TypeAs {
  (who: string, line: string): Promise<string>
  all(lines: readonly TypedBy[]): Promise<string>
}

/** A folder is a log from its first commit on. */
async function openLog(directory: string): Promise<void> {
  const store = createFileStore({ directory, create: true })
  const replica = createReplica({ store, clock: createManualClock() })
  await replica.commit({ actor: 'bo', action: 'begin', reason: 'a log', changes: [] })
  await replica.close()
  await store.close()
}

function columnsOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 80)
}

/** The first id that a screen shows. */
function idIn(screen: string): string {
  const found = /\b[0-9a-f]{12}-\d+\b/.exec(screen)?.[0]
  if (found === undefined) throw new Error(`no id in ${screen}`)
  return found
}

describe('approvals', () => {
  it.each(widths)('are asked for, given and used in a window of %i columns', async (columns) => {
    const type = await prepare(`shop-${columns}`)
    const start =
      'sluice rollout start newCheckout --reason "the new checkout" --ticket SHOP-12 --yes'
    let transcript = await type('bo', start)
    const id = idIn(transcript)
    transcript += await type.all([
      ['bo', 'sluice approvals'],
      ['bo', `sluice approvals show ${id}`],
      ['bo', 'sluice rollout status newCheckout'],
      ['bo', `sluice approve ${id} --reason "mine is fine" --yes`],
      ['cy', `sluice approve ${id} --reason "why not" --yes`],
      ['ada', `sluice approve ${id} --reason "looks right" --yes`, '2026-03-02T09:10:00Z'],
      ['ada', 'sluice approvals', '2026-03-02T09:20:00Z'],
      ['ada', 'sluice rollout status', '2026-03-02T09:20:00Z'],
    ])
    expect(transcript).toMatchSnapshot()
  })

  it('shows what is approved before anybody says yes, and takes a digest instead', async () => {
    const type = await prepare('digests')
    const asked = await type(
      'bo',
      'sluice request rollout newCheckout --type hotfix --reason "a fix"',
    )
    const id = idIn(asked)
    const env = { SLUICE_CONFIG: 'digests/sluice.config.json', SLUICE_ACTOR: 'cy' }
    const approve = place.start(`sluice approve ${id} --reason "seen"`, { columns: 80, env })
    const shown = await approve.shows('[y/N]')
    expect(shown).toContain('plan      5 % for 60 min, 25 % for 60 min')
    expect(shown).toContain('Approve newCheckout in production?')
    approve.press('\r')
    expect(await approve.exitCode).toBe(1)
    expect(await type('cy', `sluice approve ${id} --reason x --digest 0123456789ab`)).toContain(
      `✗ ${id} does not ask for what has the digest 0123456789ab.`,
    )
    expect(
      await type('cy', `sluice approve ${id} --reason x --digest ${id.slice(0, 4)}`),
    ).toContain('does not ask for what has the digest')
    const digest = id.slice(0, 12)
    expect(await type('cy', `sluice approve ${id} --reason x --digest ${digest}`)).toContain(
      `${id}  approved: it may be done`,
    )
    const start = 'sluice rollout start newCheckout --type hotfix --reason "a fix" --yes'
    expect(await type('bo', start)).toContain('newCheckout  running  5 %')
  })

  it.each(widths)(
    'are refused, taken back and given alone, in a window of %i columns',
    async (columns) => {
      const type = await prepare(`refused-${columns}`)
      let transcript = await type('bo', 'sluice request rollout newCheckout --reason one')
      const first = idIn(transcript)
      transcript += await type('ada', `sluice reject ${first} --reason "not today"`)
      const request = 'sluice request rollout newCheckout --stages 1,100 --reason two'
      const second = idIn(await type('bo', request))
      const alone =
        'sluice request rollout newCheckout --stages 2,100 --reason fix --emergency INC-9'
      transcript += await type('bo', alone)
      const asked = await type('cy', alone)
      const third = idIn(asked)
      transcript += await type.all([
        ['ada', `sluice withdraw ${second} --reason "not mine"`],
        ['bo', `sluice withdraw ${second.slice(0, 6)} --reason "not needed"`],
        ['ada', 'sluice approvals'],
        ['ada', `sluice review ${third} --reason "I have seen it"`],
        ['ada', 'sluice approvals --all'],
        ['bo', 'sluice request stage newCheckout --reason "the next stage"'],
      ])
      expect(transcript).toMatchSnapshot()
    },
  )

  it('say what to type instead, for every way to be wrong', async () => {
    const type = await prepare('wrong')
    const request = 'sluice request rollout newCheckout --reason "the new checkout"'
    const nothing = await type('bo', 'sluice approvals')
    const id = idIn(await type('bo', request))
    let transcript = nothing
    const lines = [
      request,
      'sluice approve',
      'sluice approve feedfeedfeed-1 --reason x',
      `sluice approve ${id}`,
      `sluice approve ${id.replace('-1', '-2')} --reason x`,
      'sluice request',
      'sluice request stage newCheckout --reason x',
      'sluice request rollout newCheckout --type huge --reason x',
      'sluice approvals shwo',
    ]
    transcript += await type.all(lines.map((line) => ['bo', line]))
    expect(
      transcript.replaceAll(id, 'ID').replaceAll(id.replace('-1', '-2'), 'ID2'),
    ).toMatchSnapshot()
    await openLog(join(place.folder, 'bare'))
    const bare = { columns: 80, env: { SLUICE_STORE: 'bare' } }
    expect(await place.type('sluice approve x --reason y', bare)).toMatchSnapshot()
  })
})
