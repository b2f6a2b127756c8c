import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import manifest from '../../packages/cli/package.json' with { type: 'json' }
import { createWorkplace, type Workplace, widths } from './terminal.ts'

// A transcript is many starts of a process, each of which waits for a busy machine.
vi.setConfig({ testTimeout: 600_000 })

/** The flags of a shop: a share with rules, variants, and one that is off. */
const shopFlags = `version: 1
segments:
  staff: { attribute: email, endsWith: '@shop.example' }
flags:
  newCheckout:
    description: The checkout with one page instead of four, for everybody who pays by card
    owner: payments
    kind: release
    enabled: true
    rollout: 5
    environments:
      development: { rollout: 100 }
      staging: {}
      production:
        rules:
          - { id: staff, if: { segment: staff } }
          - { if: { all: [{ attribute: country, in: [DE, AT] }, { attribute: plan, is: pro }] }, rollout: 50, otherwise: next }
  searchRanking:
    description: Which ranking the search uses
    owner: search
    kind: experiment
    variants: { classic: classic, neural: neural, hybrid: hybrid }
    offVariant: classic
    enabled: true
    environments: [staging, production]
    split: { classic: 80, neural: 10, hybrid: 10 }
  darkMode:
    enabled: false
    environments: [staging, production]
`

const shopConfig = `import { defineConfig } from '@sluice/cli'
export default defineConfig({ store: 'file:./.sluice/log', environment: 'production' })
`

const [narrow] = widths

describe.each(widths)('an everyday of a shop, at %i columns', (columns) => {
  let place: Workplace
  let minute = 0
  beforeAll(async () => {
    place = await createWorkplace()
  })
  afterAll(() => place.remove())

  const nextMinute = () => {
    minute += 1
    return new Date(Date.UTC(2026, 2, 2, 9, minute)).toISOString()
  }
  /** Types a line, a minute after the one before. */
  const type = (line: string) => place.type(line, { columns, at: nextMinute() })
  const transcript = (name: string) => `./transcripts/${name}.${columns}.txt`

  /**
   * Types lines one after the other, as one transcript: in the narrow window each in a process of its own, in the
   * wide one all in one.
   */
  async function typeAll(...lines: readonly string[]): Promise<string> {
    if (columns === narrow) {
      const typed: string[] = []
      for (const line of lines) typed.push(await type(line))
      return typed.join('\n')
    }
    const timed = lines.map((line) => ({ line, at: nextMinute() }))
    return (await place.typeAll(timed, { columns })).join('\n')
  }

  it('begins with init, which writes over nothing', async () => {
    const typed = await typeAll('sluice init', 'sluice flags', 'sluice init')
    await expect(typed).toMatchFileSnapshot(transcript('init'))
  })

  it('takes flags into the log, and shows what would change before', async () => {
    await writeFile(join(place.folder, 'flags.yaml'), shopFlags)
    await writeFile(join(place.folder, 'sluice.config.ts'), shopConfig)
    const typed = await typeAll(
      'sluice apply flags.yaml --check',
      'sluice apply flags.yaml --yes --reason "the flags of the shop" --ticket SHOP-1',
      'sluice apply flags.yaml --check',
    )
    await expect(typed).toMatchFileSnapshot(transcript('apply'))
  })

  it('lists, shows and explains flags', async () => {
    await writeFile(
      join(place.folder, 'cy.json'),
      JSON.stringify({ id: 'cy', country: 'DE', plan: 'free', email: 'cy@shop.example' }),
    )
    const typed = await typeAll(
      'sluice flags',
      'sluice flags show newCheckout',
      'sluice flags show searchRanking',
      'sluice flags explain newCheckout --as ada',
      'sluice flags explain newCheckout --as cy.json',
      'sluice flags explain searchRanking --as bo',
      'sluice flags explain darkMode --as bo',
      'sluice flags explain newCheckout',
    )
    await expect(typed).toMatchFileSnapshot(transcript('flags'))
  })

  it('moves flags, and asks before production goes up', async () => {
    const asked = place.start('sluice set newCheckout 25 --reason "first users"', {
      columns,
      at: '2026-03-02T09:30:00Z',
    })
    await asked.shows('[y/N]')
    asked.press('n\r')
    expect(await asked.exitCode).toBe(1)
    const refused = await asked.screen()

    const agreed = place.start('sluice set newCheckout 25 --reason "first users" --ticket SHOP-2', {
      columns,
      at: '2026-03-02T09:31:00Z',
    })
    await agreed.shows('[y/N]')
    agreed.press('y\r')
    expect(await agreed.exitCode).toBe(0)
    minute = 31
    const typed = await typeAll(
      'sluice enable darkMode --env staging --reason "a look at it"',
      'sluice set darkMode 50 --env staging --reason "half of us"',
      'sluice split searchRanking classic=50 neural=50 --yes --reason "neural is worth it"',
      'sluice set newCheckout 10 --reason "slower, the queue is long"',
      'sluice kill newCheckout --reason "cards are declined"',
      'sluice set newCheckout 30 --yes --reason "for later"',
      'sluice flags',
    )
    const all = [refused, await agreed.screen(), typed].join('\n\n')
    await expect(all).toMatchFileSnapshot(transcript('move'))
  })

  it('shows the log, narrowed, and the past', async () => {
    const typed = await typeAll(
      'sluice log',
      'sluice log --flag newCheckout --limit 2',
      'sluice log --actor bo',
      'sluice log --env staging --since 2026-03-01',
      'sluice log --at 2026-03-02T09:33Z',
    )
    await expect(typed).toMatchFileSnapshot(transcript('log'))
  })

  it('verifies, exports, backs up and restores', async () => {
    const typed = await typeAll(
      'sluice verify',
      'sluice export audit.csv',
      'sluice backup log.backup',
      'sluice verify --backup log.backup',
      'sluice restore log.backup --store ./other --yes',
      'sluice verify --store ./other',
      'sluice restore log.backup --store ./.sluice/log --yes',
      'sluice restore nothing.backup --store ./third --yes',
    )
    await expect(typed).toMatchFileSnapshot(transcript('keep'))
  })

  it('looks after the house', async () => {
    await writeFile(
      join(place.folder, 'app.ts'),
      "if (flags.isEnabled('newChekout', user)) {}\nflags.isEnabled('newCheckout', user)\n",
    )
    const typed = await typeAll(
      'sluice doctor',
      'sluice stale app.ts --check',
      'sluice stale',
      'sluice dora',
      'sluice deployments',
      'sluice types flags.yaml',
      'sluice completion fish',
      'sluice --help',
      'sluice flags --help',
      'sluice set --help',
    )
    const shown = typed
      .replaceAll(process.versions.node, '20.x')
      .replaceAll(manifest.version, 'VERSION')
    await expect(shown).toMatchFileSnapshot(transcript('house'))
  })
})
