import assert from 'node:assert/strict'
import { createManualClock } from '@sluice/stores/testing'
import { createRandom, pick } from '../../arbitraries/random.ts'
import { createFleet, type Process } from './fleet.ts'
import { createLedger } from './ledger.ts'
import { createModelLog } from './model-log.ts'
import { createOperator } from './operator.ts'
import { calm, drawWeather } from './weather.ts'
import { foldTo } from './witness.ts'

const keys = ['k0', 'k1', 'k2', 'k3']
const pollMs = 2_000
const storeTimeoutMs = 1_500

/** Far beyond a call's limit, the longest pause after failures and a poll, one after the other. */
const settleMs = 120_000

/**
 * Runs the schedule of a seed: some processes over one log, and between them everything that may go
 * wrong. Then the troubles end and time goes on.
 *
 * @throws AssertionError where a promise of the replicas does not hold.
 */
export async function runSchedule(seed: number): Promise<void> {
  const random = createRandom(seed)
  const clock = createManualClock()
  // Where an append checks the chain the log may be replaced under running writers. Elsewhere they
  // are stopped first, as the documents ask it.
  const checksChain = random() < 0.5
  const canBeReplaced = random() < 0.4
  const log = createModelLog(checksChain, clock)
  const ledger = createLedger(log)
  const operator = createOperator(log, random, keys)
  let weather = drawWeather(random)
  const options = { seed, log, clock, random, weather: () => weather, pollMs, storeTimeoutMs }
  const fleet = createFleet(options)

  function write(process: Process): void {
    const { noted, witness } = process
    const all = [...new Set([pick(random, keys), pick(random, keys)])].map((key) => ({
      key,
      value: random() < 0.2 ? null : Math.floor(random() * 100),
    }))
    const isOfThisLog = noted?.replacements === witness.replacements
    ledger.begin(process, {
      changes: all.slice(0, pick(random, [1, 2])),
      dependsOn: random() < 0.4 ? [pick(random, keys), pick(random, keys)] : undefined,
      basedOn: random() < 0.3 && isOfThisLog ? noted?.head : undefined,
    })
  }

  function look({ replica, witness }: Process): Process['noted'] {
    witness.inspect()
    const { replacements, hasBeenLive } = witness
    return hasBeenLive ? { head: replica.head, replacements } : undefined
  }

  async function replace(): Promise<void> {
    if (checksChain) return operator.replace()
    const writers = fleet.processes.filter(({ isFollower }) => !isFollower)
    for (const writer of writers) void fleet.close(writer)
    while (fleet.closing.size > 0) await clock.advance(500)
    operator.replace()
    for (const writer of writers) await fleet.restart(writer)
  }

  async function step(): Promise<void> {
    const process = pick(random, fleet.processes)
    const dice = random() * 100
    if (dice < 40) {
      if (!process.isFollower) write(process)
    } else if (dice < 50) process.noted = look(process)
    else if (dice < 55) process.replica.refresh().catch(() => {})
    else if (dice < 60) process.replica.snapshot().catch(() => {})
    else if (dice < 63) await operator.compact()
    else if (dice < 67) await fleet.restart(process)
    else if (dice < 70) weather = drawWeather(random)
    else if (dice < 74) operator.backUp()
    else if (dice < 78) {
      if (canBeReplaced) await replace()
    } else await clock.advance(random() * (dice < 90 ? 200 : 4_000))
  }

  const isSettled = () =>
    fleet.closing.size === 0 &&
    ledger.isSettled &&
    fleet.processes.every(
      ({ replica }) => replica.status === 'live' && replica.head.hash === log.head.hash,
    )

  function assertInStep({ replica, witness }: Process): void {
    witness.inspect()
    assert.deepEqual([replica.status, replica.head.revision], ['live', log.head.revision])
    assert.equal(replica.head.hash, log.head.hash, 'the head of the log')
    const entries = replica.entries().map(({ key, value, revision }) => [key, value, revision])
    assert.deepEqual(entries, foldTo(log.head, log), 'the fold of the log')
  }

  for (let count = pick(random, [2, 3, 4]); count > 0; count -= 1) {
    await fleet.open(!checksChain && random() < 0.3)
  }
  for (let count = 10 + Math.floor(random() * 25); count > 0; count -= 1) await step()

  weather = calm
  for (const { replica } of fleet.processes) await replica.start()
  // An empty log is not taken over, so whoever emptied it has to begin anew.
  if (log.head.revision === 0) operator.begin()
  for (let waited = 0; waited < settleMs && !isSettled(); waited += pollMs / 2) {
    await clock.advance(pollMs / 2)
  }
  assert.ok(ledger.isSettled && fleet.closing.size === 0, 'every call ends')
  ledger.audit()
  for (const process of fleet.processes) assertInStep(process)

  for (const process of fleet.processes) void fleet.close(process)
  // What the way still holds back arrives within this time.
  await clock.advance(6 * storeTimeoutMs)
  assert.equal(fleet.closing.size, 0, 'every replica closes')
  assert.equal(clock.pendingTimers, 0, 'no timer is left')
}
