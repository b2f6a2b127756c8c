import { describe, expect, it } from 'vitest'
import { canary, createRolloutController, errorRate, latency } from '../index.ts'
import { type ScriptedRead, scriptedJudge, scriptedSource, testFlags } from '../testing.ts'

const environments = ['test']
const note = { actor: 'ada', reason: 'a test' }

/** Ten simulated minutes of a rollout over a source. */
async function rollOut(script: (read: number) => ScriptedRead) {
  const flags = testFlags({ checkout: { environments } })
  await flags.ready()
  const controller = createRolloutController({
    ...{ flags, flag: 'checkout', clock: flags.clock, source: scriptedSource(script) },
    ...{ plan: canary(), guards: [errorRate(), latency()] },
  })
  await controller.start(note)
  controller.run()
  await flags.clock.advance(600_000)
  const { state } = controller
  await controller.stop()
  await flags.close()
  return { state, clock: flags.clock }
}

describe('scriptedSource', () => {
  it('adds up what the script says, and leaves what was read as it was', () => {
    const source = scriptedSource((read) =>
      read === 0
        ? { stable: { requests: 10, errors: 1, durationMs: 20 } }
        : { stable: { requests: 5, durationMs: 30 }, canary: { requests: 2, errors: 2 } },
    )
    const first = source.read() as Awaited<ReturnType<typeof source.read>>
    const second = source.read() as typeof first
    expect(first).toMatchObject({
      ...{ stable: { requests: 10, errors: 1 }, canary: { requests: 0, errors: 0 } },
    })
    expect(second).toMatchObject({
      ...{ stable: { requests: 15, errors: 1 }, canary: { requests: 2, errors: 2 } },
    })
    const sum = (latencies: ArrayLike<number>) => Array.from(latencies).reduce((a, b) => a + b)
    expect([sum(first.stable.latency), sum(second.stable.latency)]).toEqual([10, 15])
  })

  it('lets the real guards roll a bad canary back, and leave a good one', async () => {
    const stable = { requests: 100, durationMs: 50 }
    const good = await rollOut(() => ({ stable, canary: { requests: 20, durationMs: 50 } }))
    expect(good.state?.phase).toBe('running')
    const failing = { requests: 20, errors: 5, durationMs: 50 }
    const bad = await rollOut(() => ({ stable, canary: failing }))
    expect(bad.state?.phase).toBe('rolled_back')
    const slow = await rollOut(() => ({ stable, canary: { requests: 20, durationMs: 200 } }))
    expect(slow.state?.phase).toBe('rolled_back')
    expect(good.clock.pendingTimers).toBe(0)
  })

  it('is a source that cannot be reached where the script throws', async () => {
    const { state } = await rollOut(() => {
      throw new Error('no route to host')
    })
    expect(state?.phase).not.toBe('rolled_back')
  })

  it('comes with the scripted judge of the controller', () => {
    expect(scriptedJudge(() => [])).toBeTypeOf('function')
  })
})
