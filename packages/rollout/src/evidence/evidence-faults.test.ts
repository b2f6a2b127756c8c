import { SluiceError } from '@sluice/core'
import {
  check,
  createGuardSet,
  declaration,
  errorRate,
  gauge,
  latency,
  sampleRatio,
} from '@sluice/guards'
import { afterEach, describe, expect, it } from 'vitest'
import { createApply } from '../controller/apply.ts'
import { openJournal } from '../controller/journal.ts'
import { createTeller } from '../controller/rollout-events.ts'
import { createVerdict } from '../testing.ts'
import type { OpenState } from '../transition/state.ts'
import { readEvidence } from './evidence.ts'
import {
  createEvidenceWorld,
  type EvidenceProcess,
  evidenceKey,
  gather,
  type Kept,
  order,
} from './evidence-world.ts'
import { createGuardJudge } from './judge.ts'
import { createKeeper, type Run } from './keeper.ts'

let close = async () => {}
afterEach(async () => {
  const closing = close
  close = async () => {}
  await closing()
})

async function createWorld(...args: Parameters<typeof createEvidenceWorld>) {
  const world = await createEvidenceWorld(...args)
  close = world.close
  return world
}

/** Somebody writes under the evidence's key. */
async function write({ replica }: EvidenceProcess, value: unknown): Promise<void> {
  // What is being kept is kept first.
  await new Promise((resolve) => void setImmediate(resolve))
  await replica.commit({
    ...{ actor: 'eve', action: 'damage', reason: 'a test', environment: 'production' },
    changes: [{ key: evidenceKey, value: value as never }],
  })
}

const hourMs = 3_600_000

describe('evidence that was damaged', () => {
  it('is not written over by a process from before, which held it under another number', async () => {
    const { join } = await createWorld()
    const old = await join({ checkpointMs: 1_000 })
    await old.controller.start(order)
    await gather(old)
    await write(old, 'nonsense')
    const next = await join({ checkpointMs: 1_000 })
    await next.second()
    expect(next.kept()).toMatchObject({ run: 2, term: 1 })
    await old.second(1)
    await old.controller.stop()
    expect(next.kept()).toMatchObject({ run: 2, term: 1 })
    expect(next.kept()).not.toHaveProperty('isReleased')
  })

  it('or not, is not kept by who took it up in a term before', async () => {
    const { join, clock } = await createWorld()
    const { controller, replica } = await join()
    const state = await controller.start(order)
    const journal = openJournal(replica, 'production', 'checkout')
    const apply = createApply({
      ...{ journal, log: replica, clock, actor: 'controller' },
      teller: createTeller(),
    })
    const keeper = createKeeper({ journal, apply, clock, actor: 'controller', everyMs: 1 })
    const checkpoint = createGuardSet(state.guards).checkpoint()
    const before = await keeper.claim(state as OpenState)
    await keeper.keep(before as Run, { checkpoint }, true)
    const laidDown = replica.head.revision
    // It has been laid down: somebody may be about to take it up.
    await keeper.keep(before as Run, { checkpoint }, false)
    expect(replica.head.revision).toBe(laidDown)
    expect(await keeper.claim(state as OpenState)).toMatchObject({ number: 1, term: 2 })
    const { revision } = replica.head
    await keeper.keep(before as Run, { checkpoint }, true)
    expect(replica.head.revision).toBe(revision)
  })

  it('by a newer version counts as none', async () => {
    const { join } = await createWorld()
    const first = await join({ checkpointMs: 1_000 })
    await first.controller.start(order)
    await gather(first)
    await write(first, { ...first.kept(), schema: 2, isReleased: true, more: [] })
    const next = await join()
    await next.second()
    expect(next.kept()).toMatchObject({ schema: 1, run: 2 })
    expect(next.controller.verdicts[0]?.counts.canary.requests).toBe(0)
    expect(next.errors).toEqual([])
  })

  it.each(['NaN', 'Infinity', 1e300])('to be of %s blinds nobody', async (at) => {
    const { join } = await createWorld()
    const first = await join({ checkpointMs: 1_000 })
    await first.controller.start(order)
    await gather(first)
    const kept = first.kept() as Kept
    await write(first, { ...kept, isReleased: true, checkpoint: { ...kept.checkpoint, at } })
    const next = await join()
    await next.second()
    await next.second(1)
    expect(next.controller.verdicts[0]?.counts.canary.errors).toBe(1)
  })

  it('is refused or can be judged by, wherever the damage is', async () => {
    const guards = [
      errorRate(),
      latency(),
      sampleRatio(),
      declaration(),
      check({ name: 'db', run: () => true }),
      gauge({ name: 'cpu', metric: 'cpu', above: 0.8, clear: 0.7, forMs: 1_000 }),
    ]
    const source = { read: () => ({ stable: arm(), canary: arm() }) }
    const sound = createGuardJudge({ guards, alpha: 0.01 }, { source })
    for (let second = 1; second < 4; second++) {
      await sound.look(Date.now() + second, scene)
      await new Promise((resolve) => void setImmediate(resolve))
    }
    const checkpoint = JSON.parse(JSON.stringify(sound.checkpoint?.()))
    sound.close?.()
    const places = [...placesOf(checkpoint)]
    const junk = [null, 5, 'x', '', true, [], {}, 1e300, 'NaN', [null], { at: 1 }]
    let accepted = 0
    for (const place of places) {
      for (const value of junk) {
        const damaged = structuredClone(checkpoint)
        put(damaged, place, value)
        const stands = { schema: 1, rollout: 'r', run: 1, term: 1, at: 0, checkpoint: damaged }
        if (readEvidence(stands, { id: 'r', guards }) === undefined) continue
        accepted += 1
        const judge = createGuardJudge({ guards, alpha: 0.01, from: damaged }, { source })
        for (let second = 5; second < 8; second++) {
          const { verdicts } = await judge.look(Date.now() + second, scene)
          expect(verdicts, `${place.join('/')} = ${JSON.stringify(value)}`).toHaveLength(
            guards.length,
          )
        }
        judge.checkpoint?.()
        judge.close?.()
      }
    }
    expect(accepted).toBeGreaterThan(10)
  })
})

function hang() {
  let answer = () => {}
  const hung = new Promise<void>((resolve) => {
    answer = resolve
  })
  return { hung, answer }
}

const scene = { canaryShare: 0.05, startedAt: 0 }
let counted = 0
function arm() {
  counted += 10
  return { requests: counted, errors: 0, latency: new Float64Array(304) }
}

function* placesOf(value: unknown, path: string[] = []): Generator<string[]> {
  if (path.length > 0) yield path
  if (typeof value !== 'object' || value === null) return
  const keys = Object.keys(value)
  // Of long lists the beginning stands for the rest.
  for (const key of Array.isArray(value) ? keys.slice(0, 6) : keys) {
    yield* placesOf((value as Record<string, unknown>)[key], [...path, key])
  }
}

function put(into: unknown, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path
  const parent = into as Record<string, unknown>
  if (rest.length === 0) parent[key] = value
  else put(parent[key], rest, value)
}

describe('a clock', () => {
  it('an hour ahead, of a process that is gone, does not blind the next', async () => {
    const { join } = await createWorld()
    const first = await join({ checkpointMs: 1_000 }, { aheadMs: hourMs })
    await first.controller.start(order)
    await gather(first)
    await first.controller.stop()
    const next = await join()
    for (let count = 0; count < 4; count++) await next.second()
    const before = next.controller.verdicts[0]?.counts.canary.errors ?? 0
    await next.second(1)
    const { dataAt } = next.controller.verdicts[0] ?? {}
    await next.second(1)
    expect(next.controller.verdicts[0]?.counts.canary.errors).toBe(before + 2)
    // Time goes on at its pace: what comes every so often is not put off by an hour.
    expect(next.controller.verdicts[0]?.dataAt).toBe((dataAt ?? 0) + 1_000)
  })

  it('that is set back while evidence changes hands does not blind who takes it up', async () => {
    const { join } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await gather(first)
    await first.controller.stop()
    const next = await join()
    await next.second()
    next.skew.aheadMs = -hourMs
    await next.second()
    const before = next.controller.verdicts[0]?.counts.canary.errors ?? 0
    for (let count = 0; count < 5; count++) await next.second(1)
    expect(next.controller.verdicts[0]?.counts.canary.errors).toBe(before + 5)
  })

  it('that is set back an hour does not keep evidence from being kept', async () => {
    const { join } = await createWorld()
    const first = await join({ checkpointMs: 3_000 })
    await first.controller.start(order)
    await first.second()
    first.skew.aheadMs = -hourMs
    await first.second(1)
    await first.second(1)
    const errors = first.kept()?.checkpoint?.guards[0]?.state.numbers[3]
    expect(errors).toBeGreaterThan(0)
  })
})

describe('a store that hangs', () => {
  it('with a checkpoint under way does not keep a process from stopping', async () => {
    const { join, clock } = await createWorld()
    const first = await join({ checkpointMs: 1_000 })
    await first.controller.start(order)
    const { commit } = first.replica
    await first.second()
    first.replica.commit = () => new Promise(() => {})
    await first.second(1)
    let isStopped = false
    void first.controller.stop().then(() => {
      isStopped = true
    })
    await clock.advance(2_000)
    first.replica.commit = commit
    expect(isStopped).toBe(true)
    expect(String(first.errors[0])).toMatch(/log did not answer/)
  })

  it('for a minute does not get a checkpoint for each second of it afterwards', async () => {
    const { join, clock, store } = await createWorld()
    const first = await join({ checkpointMs: 1_000 })
    await first.controller.start(order)
    const { commit } = first.replica
    await first.second()
    const { hung, answer } = hang()
    first.replica.commit = (...args) => hung.then(() => commit(...args))
    for (let second = 0; second < 60; second++) await first.second(0)
    const { length } = await store.read(0)
    answer()
    await clock.advance(100)
    expect((await store.read(0)).length - length).toBeLessThan(3)
    first.replica.commit = commit
  })
})

describe('a process that stops', () => {
  it('with a rollback that could not be written hands the decision on', async () => {
    const { join } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await first.second()
    const { commit } = first.replica
    // The rollout's own key cannot be written: somebody races for it all the time.
    first.replica.commit = (draft, rests) =>
      draft.changes.some(({ key }) => key.startsWith('rollout/'))
        ? Promise.reject(new Error('no'))
        : commit(draft, rests)
    for (let count = 0; count < 30; count++) await first.second(10)
    expect(first.controller.state?.phase).toBe('running')
    await first.controller.stop()
    const next = await join()
    await next.second()
    expect(next.controller.state).toMatchObject({ guardRuns: 1, rollback: { guard: 'error_rate' } })
  })

  it('looks no more at the share it lays down', async () => {
    const { join, clock } = await createWorld()
    const first = await join()
    await first.controller.start(order)
    await gather(first)
    const { commit } = first.replica
    const { hung, answer } = hang()
    first.replica.commit = (...args) => hung.then(() => commit(...args))
    const stopped = first.controller.stop()
    await clock.advance(10)
    // Somebody asks for a look while the evidence is on its way to the log.
    first.serve(20)
    const looked = first.controller.tick()
    await clock.advance(10)
    expect(first.evidence()).toBeLessThan(10)
    answer()
    first.replica.commit = commit
    await Promise.all([stopped, looked])
    expect(first.evidence()).toBeLessThan(10)
  })
})

describe('a process that is off duty', () => {
  it('hands over what is on its way to the log first, and its share with it', async () => {
    const { join, clock } = await createWorld()
    const first = await join({ checkpointMs: 1_000 })
    await first.controller.start(order)
    await first.second()
    const { commit } = first.replica
    const { hung, answer } = hang()
    first.replica.commit = (...args) => hung.then(() => commit(...args))
    await first.second(1)
    const stopped = first.controller.stop()
    await clock.advance(500)
    answer()
    await stopped
    first.replica.commit = commit
    expect(first.kept()).toMatchObject({ run: 1, isReleased: true })
    expect(first.errors).toEqual([])
  })

  it('does not act on a look that was under way when it laid its evidence down', async () => {
    const duty = { isOn: true }
    const lease = { stand: () => duty.isOn, yield() {}, release: async () => {} }
    const { hung, answer } = hang()
    let isSlow = false
    const { join, clock } = await createWorld()
    const checkpoint = createGuardSet([errorRate()]).checkpoint()
    const first = await join({
      lease,
      judge: () => ({
        async look() {
          if (!isSlow) return { verdicts: [createVerdict('inconclusive')] }
          await hung
          return { verdicts: [createVerdict('fail')] }
        },
        checkpoint: () => checkpoint,
      }),
    })
    await first.controller.start(order)
    first.controller.run()
    await clock.advance(2_000)
    isSlow = true
    duty.isOn = false
    const looked = first.controller.tick()
    await clock.advance(1_000)
    expect(first.kept()).toMatchObject({ isReleased: true })
    answer()
    await looked
    expect(first.controller.state?.phase).toBe('running')
  })
})

describe('a process that was too late to take the evidence up', () => {
  it('does not look, and sets nothing going again that a guard holds', async () => {
    const { join } = await createWorld([errorRate({ consequence: 'hold' })])
    const first = await join()
    await first.controller.start(order)
    await first.second()
    for (let count = 0; count < 20; count++) await first.second(10)
    expect(first.controller.state).toMatchObject({ phase: 'holding', cause: 'failing' })
    await first.controller.stop()
    const late = await join()
    const { commit } = late.replica
    late.replica.commit = (draft, rests) =>
      draft.action === 'watch'
        ? Promise.reject(new SluiceError('conflict', 'somebody was faster'))
        : commit(draft, rests)
    const said: unknown[] = []
    late.controller.on('verdicts', (verdicts) => said.push(verdicts))
    for (let count = 0; count < 400; count++) await late.second(10)
    expect(late.controller.state).toMatchObject({ phase: 'holding', cause: 'failing' })
    expect(said).toEqual([])
  })
})
