import { createGuardSet, errorRate, type GuardCheckpoint } from '@sluice/guards'
import { type Clock, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CreateJudge, canary, createRolloutController, shareOfAlpha } from '../index.ts'
import { createManualClock, createVerdict } from '../testing.ts'

const guards = [errorRate()]
const alpha = 0.01
const blank = createGuardSet(guards).checkpoint()
const plan = canary({ monitorMs: 3_600_000 })
const order = { actor: 'ada', reason: 'new checkout' }

/** How the store fares for one process: `deaf` does what it is asked, and loses the answer. */
type Line = 'good' | 'failing' | 'deaf' | 'hanging'

type Step =
  | { readonly what: 'line'; readonly who: number; readonly line: Line }
  | { readonly what: 'duty' | 'stop' | 'begin' | 'look'; readonly who: number }
  | { readonly what: 'clock'; readonly who: number; readonly aheadMs: number }
  | { readonly what: 'wait'; readonly ms: number }
  /** One is off duty, and so long after that another is on. */
  | { readonly what: 'hand'; readonly who: number; readonly to: number; readonly ms: number }
  /** All are off duty, and so long after that all are on at once. */
  | { readonly what: 'rush'; readonly ms: number }
  | { readonly what: 'damage' }

const who = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('hand'), who, to: who, ms: fc.nat(3_000) }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('wait'), ms: fc.nat(12_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('duty', 'stop', 'begin', 'look'), who }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ what: fc.constant('line'), who },
      line: fc.constantFrom<Line>('good', 'good', 'failing', 'deaf', 'hanging'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ what: fc.constant('clock'), who },
      aheadMs: fc.constantFrom(0, -3_600_000, 3_600_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('rush'), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('damage') }) },
) as fc.Arbitrary<Step>

/** One judge's life: its share, with how many looks behind it it began, and when it looked. */
interface Life {
  readonly share: number
  readonly from: number
  readonly looks: number[]
}

function createFaultyStore(store: Store, clock: Clock) {
  const state = { line: 'good' as Line }
  async function carry<T>(act: () => Promise<T>): Promise<T> {
    const { line } = state
    if (line === 'hanging') return new Promise<T>(() => {})
    if (line === 'failing') throw new Error('the store is away')
    // Nobody is answered in no time: whoever else is about to act does so meanwhile.
    await new Promise<void>((resolve) => void clock.after(7, resolve))
    const result = await act()
    if (line === 'deaf') throw new Error('the answer was lost')
    return result
  }
  const over: Store = {
    read: (after, limit) => carry(() => store.read(after, limit)),
    append: (commit) => carry(() => store.append(commit)),
    readSnapshot: () => carry(() => store.readSnapshot()),
    writeSnapshot: (snapshot) => carry(() => store.writeSnapshot(snapshot)),
    close: async () => {},
  }
  return { state, over }
}

/** Plays a script on three processes with one log, and keeps the ledger of who judged at which share. */
async function play(steps: readonly Step[]) {
  const clock = createManualClock()
  const log = createMemoryStore()
  const lives: Life[] = []
  /** When evidence of a share was laid down, on the scale of looks. */
  const releases: { readonly run: number; readonly at: number }[] = []
  let moment = 0
  let seeds = 0.5
  const { append } = log
  log.append = async (commit) => {
    await append(commit)
    moment += 1
    for (const { key, value } of commit.changes) {
      const { isReleased, run } = Object(value) as { isReleased?: true; run: number }
      if (key.startsWith('evidence/') && isReleased) releases.push({ run, at: moment })
    }
  }

  const createJudge: CreateJudge = ({ guards: judged, alpha: share, from }) => {
    let seen = from === undefined ? 0 : Number(from.at)
    const life: Life = { share, from: seen, looks: [] }
    if (judged.length > 0) lives.push(life)
    return {
      async look() {
        moment += 1
        seen += 1
        life.looks.push(moment)
        return { verdicts: [createVerdict('inconclusive')], canaryRequests: 1 }
      },
      checkpoint: (): GuardCheckpoint => ({ ...blank, at: seen }),
    }
  }

  async function open() {
    const { state, over } = createFaultyStore(log, clock)
    const duty = { isOn: true, aheadMs: 0 }
    const own: Clock = { ...clock, now: () => clock.now() + duty.aheadMs }
    seeds += 0.001
    const seed = seeds
    // Of its own: two who draw the same would take each other's commits for theirs.
    const replica = createReplica({ store: over, clock, random: () => seed })
    const started = replica.start()
    await clock.advance(100)
    await started
    const controller = createRolloutController({
      ...{ replica, environment: 'production', flag: 'checkout', plan, guards, alpha },
      ...{ judge: createJudge, clock: own, checkpointMs: 5_000 },
      lease: { stand: () => duty.isOn, yield() {}, release: async () => {} },
    })
    return { state, duty, replica, controller }
  }

  const fleet = [await open(), await open(), await open()]
  const starting = fleet[0]?.controller.start(order)
  await clock.advance(1_000)
  await starting
  for (const [index, { controller, duty }] of fleet.entries()) {
    duty.isOn = index === 0
    controller.run()
  }
  for (const each of steps) {
    const process = 'who' in each ? fleet[each.who] : undefined
    if (each.what === 'wait') await clock.advance(each.ms)
    else if (each.what === 'damage') await damage()
    else if (each.what === 'rush') {
      for (const { duty } of fleet) duty.isOn = false
      await clock.advance(each.ms)
      for (const { duty } of fleet) duty.isOn = true
    } else if (process === undefined) continue
    else if (each.what === 'line') process.state.line = each.line
    else if (each.what === 'duty') process.duty.isOn = !process.duty.isOn
    else if (each.what === 'hand') {
      process.duty.isOn = false
      await clock.advance(each.ms)
      const next = fleet[each.to]
      if (next !== undefined) next.duty.isOn = true
    } else if (each.what === 'clock') process.duty.aheadMs = each.aheadMs
    else if (each.what === 'stop') void process.controller.stop()
    else if (each.what === 'begin') process.controller.run()
    else void process.controller.tick()
  }
  for (const { state } of fleet) state.line = 'good'
  await clock.advance(150_000)
  const stopped = fleet.map(({ controller }) => controller.stop())
  await clock.advance(10_000)
  await Promise.all(stopped)
  const closed = fleet.map(({ replica }) => replica.close())
  await clock.advance(10_000)
  await Promise.all(closed)
  return { lives: lives.filter(({ looks }) => looks.length > 0), releases, log }

  async function damage(): Promise<void> {
    const { replica } = await open()
    const changes = [{ key: 'evidence/production/checkout', value: 'nonsense' }]
    const said = { actor: 'eve', action: 'damage', reason: 'a test', environment: 'production' }
    const written = replica.commit({ ...said, changes }).catch(() => {})
    await clock.advance(100)
    await written
    const closed = replica.close()
    await clock.advance(4_000)
    await closed
  }
}

/** From 1 on; undefined for what is no share. */
function runOf(share: number): number | undefined {
  for (let run = 1; run < 1_000; run++) if (shareOfAlpha(alpha, run) === share) return run
  return undefined
}

describe('shares of alpha', () => {
  it('are each used by one process at a time, and by the next only once laid down, whatever happens', async () => {
    let successions = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), async (steps) => {
        const { lives, releases } = await play(steps)
        const byRun = new Map<number, Life[]>()
        for (const life of lives) {
          const run = runOf(life.share)
          expect(run).toBeDefined()
          byRun.set(Number(run), [...(byRun.get(Number(run)) ?? []), life])
        }
        for (const [run, sharing] of byRun) {
          sharing.sort((one, other) => Number(one.looks[0]) - Number(other.looks[0]))
          for (const [index, next] of sharing.entries()) {
            const before = sharing[index - 1]
            if (before === undefined) continue
            successions += 1
            const last = Number(before.looks.at(-1))
            const first = Number(next.looks[0])
            expect(last, `share ${run} at once`).toBeLessThan(first)
            const laidDown = releases.filter(({ at }) => at > last && at < first)
            expect(laidDown.map((each) => each.run)).toContain(run)
            // Nothing is lost on the way, and nothing comes twice.
            expect(next.from).toBe(before.from + before.looks.length)
          }
        }
        const used = [...byRun.keys()].map((run) => shareOfAlpha(alpha, run))
        expect(used.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(alpha)
      }),
      { numRuns: 60 },
    )
    expect(successions).toBeGreaterThan(5)
  }, 120_000)
})
