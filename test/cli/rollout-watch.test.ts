import { createServer, type Server } from 'node:http'
import { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import {
  canary,
  createMemoryStore,
  createRolloutController,
  errorRate,
  latency,
  openFlags,
} from '@sluice/sdk'
import { createLogHandler, toNodeListener } from '@sluice/stores/http'
import { createManualClock } from '@sluice/stores/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorkplace, startAt, type Workplace, widths } from './terminal.ts'

let place: Workplace
beforeAll(async () => {
  place = await createWorkplace()
})
afterAll(() => place.remove())

const plan = canary({
  stages: [{ rolloutPercent: 5 }, { rolloutPercent: 50 }, { rolloutPercent: 100 }],
  monitorMs: 600_000,
})
const order = { actor: 'bo', reason: 'the new checkout', ticket: 'SHOP-12' }

/** A service over a log that `sluice` reaches over HTTP; its time passes only when a test says so. */
async function openService() {
  const clock = createManualClock(Date.parse(startAt) - 60 * 60_000)
  const store = createMemoryStore({ clock })
  const handler = createLogHandler(store, { authorize: () => 'maintain' })
  const server: Server = createServer(toNodeListener(handler))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const flags = openFlags({
    ...{ store, clock, environment: 'production', processId: 'shop-1' },
    definitions: { newCheckout: {} },
  })
  await flags.ready()
  let verdicts = [createVerdict('pass')]
  let canaryErrors = 0
  const recorder = flags.health('newCheckout')
  /** Ten requests a second to the canary, a hundred to the stable arm. */
  function serve(): void {
    for (let index = 0; index < 110; index++) {
      const arm = index < 10 ? 'canary' : 'stable'
      const ok = arm === 'stable' ? index !== 50 : index >= canaryErrors
      recorder.observe({ arm, ok, durationMs: arm === 'canary' ? 200 : 100 })
    }
  }
  const guards = [errorRate(), latency()]
  const controller = createRolloutController({
    ...{ flags, flag: 'newCheckout', plan, guards, clock },
    judge: scriptedJudge(() => ({ verdicts, canaryRequests: 10 })),
  })
  controller.run()
  return {
    url: `http://127.0.0.1:${port}`,
    controller,
    replica: flags.replica,
    serve,
    say(next: typeof verdicts, errors = 0) {
      verdicts = next
      canaryErrors = errors
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        serve()
        await clock.advance(1_000)
      }
    },
    async close() {
      await controller.stop()
      await flags.close()
      handler.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Two guards of a canary that served for a while, so many percent on the way to a rollback. */
function guardsAt(evidence: number, secondsToDecision?: number) {
  const counts = {
    canary: { requests: 1_204, errors: 11 },
    stable: { requests: 3_600, errors: 12 },
  }
  const outcome = evidence >= 1 ? 'fail' : evidence > 0 ? 'inconclusive' : 'pass'
  return [
    createVerdict(outcome, {
      ...{ guard: 'error_rate', counts, evidence, because: 'canary errors are 2.7 × stable’s' },
      ...(secondsToDecision === undefined ? {} : { secondsToDecision }),
    }),
    createVerdict('pass', {
      ...{
        guard: 'latency',
        kind: 'latency',
        evidence: 0.05,
        because: 'canary p95 is 1.02 × stable’s',
      },
    }),
  ]
}

describe('sluice rollout watch', () => {
  it.each(widths)('follows a rollout to its end in a window of %i columns', async (columns) => {
    const service = await openService()
    const { controller, pass, say } = service
    say(guardsAt(0))
    await controller.start(order)
    await pass(300)
    const env = { SLUICE_STORE: service.url, SLUICE_ENVIRONMENT: 'production' }
    const watch = place.start('sluice rollout watch --exit-status', { columns, rows: 40, env })
    expect(await watch.shows('q quits')).toMatchSnapshot('in the first stage')

    say(guardsAt(0.42, 42))
    await pass(10)
    expect(await watch.shows('42 %')).toMatchSnapshot('with evidence against it')

    await controller.pause({ actor: 'cy', reason: 'looking at it' })
    expect(await watch.shows('paused  5 %')).toMatchSnapshot('paused')
    await controller.resume({ actor: 'cy', reason: 'it was the cache' })

    say(guardsAt(0))
    await pass(620)
    // The last of what it may see on the way.
    expect(await watch.shows('running  50 %', '5 of 10 min')).toMatchSnapshot('in the second stage')
    await pass(1_300)
    expect(await watch.exitCode).toBe(0)
    expect(await watch.screen()).toMatchSnapshot('completed')
    await service.close()
  })

  it('ends with 1 where the rollout goes back, if that is asked for', async () => {
    const service = await openService()
    const { controller, pass, say } = service
    say(guardsAt(0))
    await controller.start(order)
    await pass(60)
    const env = { SLUICE_STORE: service.url, SLUICE_ENVIRONMENT: 'production' }
    const options = { columns: 80, rows: 40, env }
    const asked = place.start('sluice rollout watch newCheckout --exit-status', options)
    const other = place.start('sluice rollout watch newCheckout', options)
    await asked.shows('q quits')
    await other.shows('q quits')
    say(guardsAt(1))
    await pass(1)
    service.controller.stop()
    expect(await asked.shows('verifying')).toContain('error_rate: canary errors are 2.7 ×')
    controller.run()
    await pass(200)
    expect(await asked.exitCode).toBe(1)
    expect(await other.exitCode).toBe(0)
    expect(await asked.screen()).toMatchSnapshot()
    await service.close()
  })

  it('shows what arms do now, from what their processes tell', async () => {
    const service = await openService()
    service.say(guardsAt(0), 1)
    await service.controller.start(order)
    await service.pass(20)
    const watch = place.start('sluice rollout watch', {
      ...{ columns: 80, rows: 40 },
      env: {
        ...{ SLUICE_STORE: service.url, SLUICE_ENVIRONMENT: 'production', SLUICE_TEST_MOVES: '1' },
      },
    })
    await watch.shows('q quits')
    // The window's clock is the machine's here, and the service's is not: how much a second holds differs.
    const flow = (async () => {
      for (let beat = 0; beat < 40; beat++) {
        await service.pass(1)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    const screen = await watch.shows('requests/s')
    expect(screen).toMatch(/^canary +\d+\.\d +10\.00 % +\d{3} ms +11 of 1,204$/m)
    expect(screen).toMatch(/^stable +\d+\.\d +1\.00 % +\d{3} ms +12 of 3,600$/m)
    await flow
    watch.press('q')
    expect(await watch.exitCode).toBe(0)
    await service.close()
  })

  it('leaves the window clean, however it ends and whatever became of its size', async () => {
    const service = await openService()
    service.say(guardsAt(0.3))
    await service.controller.start(order)
    await service.pass(30)
    const env = { SLUICE_STORE: service.url, SLUICE_ENVIRONMENT: 'production' }
    const watch = place.start('sluice rollout watch', { columns: 140, rows: 40, env })
    await watch.shows('q quits')
    watch.resize(80, 40)
    await watch.shows('q quits')
    await service.controller.pause({ actor: 'cy', reason: 'smaller now' })
    const narrow = await watch.shows('smaller now')
    expect(narrow.match(/newCheckout in production/g)).toHaveLength(1)
    watch.resize(100, 12)
    await service.controller.resume({ actor: 'cy', reason: 'a low window' })
    await watch.shows('running  5 %')
    watch.resize(120, 40)
    await service.controller.pause({ actor: 'cy', reason: 'large again' })
    await watch.shows('large again')
    watch.press('\u0003')
    expect(await watch.exitCode).toBe(130)
    expect((await watch.screen()).split('\n').at(-1)).toBe(
      'q quits; the rollout goes on without you',
    )
    await service.close()
  })

  it('lists several at once, and says so where none is under way', async () => {
    const service = await openService()
    const env = { SLUICE_STORE: service.url, SLUICE_ENVIRONMENT: 'production' }
    expect(await place.type('sluice rollout watch', { columns: 80, env })).toMatchSnapshot('none')
    await service.controller.start(order)
    const type = (line: string) => place.type(line, { columns: 80, env })
    await type('sluice rollout start newSearch --in-code --reason x --yes')
    const watch = place.start('sluice rollout watch', { columns: 80, rows: 40, env })
    const both = await watch.shows('q quits')
    expect(both).toContain('newCheckout  running  5 %')
    expect(both).toContain('newSearch    running  5 %')
    watch.press('q')
    expect(await watch.exitCode).toBe(0)
    expect(await type('sluice rollout watch --json')).toContain('Name the one to watch.')
    expect(await type('sluice rollout watch newSaerch')).toContain('Did you mean newSearch?')
    await service.close()
  })
})
