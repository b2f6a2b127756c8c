import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { declaration } from '@sluice/guards'
import { createRolloutController } from '@sluice/rollout'
import { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createManualClock } from '@sluice/stores/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkplace, startAt, type TypeOptions, type Workplace, widths } from './terminal.ts'

let place: Workplace
beforeAll(async () => {
  place = await createWorkplace()
})
afterAll(() => place.remove())

const production = { SLUICE_ENVIRONMENT: 'production' }

/** A log of its own for each test, with one rollout in trouble that began half an hour before it is typed. */
async function prepare(name: string): Promise<(columns: number) => TypeOptions> {
  const clock = createManualClock(Date.parse(startAt) - 30 * 60_000)
  const store = createFileStore({ directory: join(place.folder, name), create: true })
  const replica = createReplica({ store, clock })
  const judge = scriptedJudge(() => [
    createVerdict('fail', {
      ...{ guard: 'error_rate', consequence: 'hold', because: '6.2 % errors against 1.1 %' },
    }),
  ])
  const at = { environment: 'production', flag: 'newSearch' }
  const controller = createRolloutController({ ...at, replica, clock, judge })
  await controller.start({ actor: 'bo', reason: 'the new search', ticket: 'SHOP-7' })
  await clock.advance(60_000)
  await controller.tick()
  await replica.commit({
    ...{ actor: 'bo', action: 'enable', reason: 'the new page', environment: 'production' },
    changes: ['newCheckout', 'newMenu'].map((flag) => ({
      ...{ key: `exposure/production/${flag}`, value: { enabled: true, rollout: 0 } },
    })),
  })
  await controller.stop()
  await replica.close()
  await store.close()
  return (columns) => ({ columns, env: { ...production, SLUICE_STORE: name } })
}

function typeAll(lines: readonly string[], options: TypeOptions): Promise<string[]> {
  return place.typeAll(
    lines.map((line) => ({ line })),
    options,
  )
}

describe('sluice rollout', () => {
  it.each(widths)(
    'starts, steers and ends a rollout in a window of %i columns',
    async (columns) => {
      const options = (await prepare(`steered-${columns}`))(columns)
      const lines = [
        'sluice rollout start newCheckout --stages 5,50,100 --monitor 30min --reason "the new checkout" --yes',
        'sluice rollout status',
        'sluice rollout pause newCheckout --reason "odd numbers, looking"',
        'sluice rollout resume newCheckout --reason "it was the cache"',
        'sluice rollout promote newCheckout --reason "seen enough" --yes',
        'sluice rollout declare newCheckout data_corruption --reason "orders without lines" --ticket INC-3',
        'sluice rollout rollback newSearch --reason "errors since 08:31"',
        'sluice rollout status newSearch',
        'sluice rollout start newMenu --stages 5,100 --reason "the new menu" --yes',
        'sluice rollout abort newMenu --reason "the old one stays" --yes',
        'sluice rollout status',
      ]
      let transcript = ''
      if (columns === widths[0]) {
        for (const line of lines) transcript += await place.type(line, options)
      } else {
        // The narrow window has shown each in a process of its own.
        transcript = (await typeAll(lines, options)).join('')
      }
      expect(transcript).toMatchSnapshot()
    },
  )

  it('asks before anything goes up in production, and does nothing on a no', async () => {
    const options = (await prepare('asked'))(80)
    const line = 'sluice rollout start newCheckout --reason "the new checkout"'
    const no = place.start(line, options)
    expect(await no.shows('[y/N]')).toContain('Start the rollout of newCheckout in production?')
    no.press('\r')
    expect(await no.exitCode).toBe(1)
    expect(await no.screen()).toContain('Nothing was changed.')
    const yes = place.start(line, options)
    await yes.shows('[y/N]')
    yes.press('y\r')
    expect(await yes.exitCode).toBe(0)
    expect(await yes.screen()).toContain('newCheckout  running  5 %')
    const up = place.start('sluice rollout promote newSearch --reason "it is fine"', options)
    expect(await up.shows('[y/N]')).toContain('it holds: error_rate: 6.2 % errors')
    up.press('n\r')
    expect(await up.exitCode).toBe(1)
    const abort = place.start('sluice rollout abort newSearch --reason "by hand now"', options)
    expect(await abort.shows('[y/N]')).toContain('leave it at 5 percent, unguarded?')
    abort.press('y\r')
    expect(await abort.exitCode).toBe(0)
  })

  it('says what ends a rollout that is on its way back', async () => {
    const options = (await prepare('going-back'))(140)
    await place.type('sluice rollout rollback newSearch --reason x', options)
    const again = await place.type('sluice rollout start newSearch --reason x --yes', options)
    expect(again).toContain('already has a rollout in production: verifying')
    expect(again).toContain('a service that runs its controller ends it')
  })

  it('takes plan and guards from the configuration, by flag and for all others', async () => {
    const { env } = (await prepare('configured'))(80)
    await writeFile(
      join(place.folder, 'rollouts.json'),
      JSON.stringify({
        environment: 'staging',
        definitions: { newCheckout: {}, newCart: {} },
        rollouts: {
          '*': { alpha: 0.05, guards: [] },
          newCart: { guards: [declaration({ name: 'word' })] },
        },
      }),
    )
    const options = { columns: 140, env: { ...env, SLUICE_ENVIRONMENT: '' } }
    const type = (line: string) => place.type(`${line} --config rollouts.json`, options)
    expect(await type('sluice rollout start newCheckout --reason a')).toContain('guards  none')
    expect(await type('sluice rollout start newCart --reason a')).toContain('word may roll back')
    const json = await type('sluice rollout status --json')
    expect(json).toContain('"alpha": 0.05')
    expect(await type('sluice rollout start newCart --guards policy --reason a --yes')).toContain(
      'newCart already has a rollout in staging: running, started by ada.',
    )
  })

  const start = 'sluice rollout start newCheckout --yes --reason x'
  const wrong = {
    'a start': [
      'sluice rollout strat newCheckout',
      'sluice rollout start',
      'sluice rollout start newCheckout',
      'sluice rollout start newChekout --reason x',
      'sluice rollout start newSearch --reason x --yes',
    ],
    'a plan': [
      `${start} --stages 5,half,100`,
      `${start} --stages 50,100`,
      `${start} --stages 5,4,100`,
      `${start} --monitor soon`,
      `${start} --plan fast`,
      `${start} --plan no-plan.json`,
      `${start} --plan bad-plan.json`,
      `${start} --plan no-plan.json --monitor 1h`,
    ],
    'guards and type': [
      `${start} --guards error_rat`,
      `${start} --alpha 2`,
      `${start} --type huge`,
    ],
    'an order': [
      'sluice rollout status newChekout',
      'sluice rollout rollback newSaerch --reason x',
      'sluice rollout rollback newSearch',
      'sluice rollout resume newSearch --reason x',
      'sluice rollout declare newSearch data_corupted --reason x',
      'sluice rollout declare newSearch',
    ],
  }

  it.each(Object.entries(wrong))(
    'says what to type instead of %s that is wrong',
    async (of, lines) => {
      const options = (await prepare(`wrong-${of.replaceAll(' ', '-')}`))(80)
      await writeFile(join(place.folder, 'no-plan.json'), '{"stages":')
      await writeFile(join(place.folder, 'bad-plan.json'), '{}')
      expect((await typeAll(lines, options)).join('')).toMatchSnapshot()
    },
  )

  it('tells a program the state it led to, and errors with their code', async () => {
    const options = (await prepare('json'))(140)
    const paused = await place.type('sluice rollout pause newSearch --reason x --json', options)
    expect(paused).toContain('"phase": "paused"')
    const refused = await place.type('sluice rollout pause newSearch --reason x --json', options)
    expect(refused).toContain(
      '{"error":{"code":"already_paused","message":"newSearch was already paused',
    )
  })
})
