// Lets a client live through a day without its store, under a manual clock, and tells what it cost.
import type { FlagDefinitions } from '@sluice/core'
import { openFlags } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'

/** `refusing` answers each call with an error, `silent` with nothing at all. */
const kind = process.argv[2] as 'refusing' | 'silent'
const collect = (globalThis as unknown as { gc: () => void }).gc
const flagCount = 100
const hourMs = 3_600_000

const clock = createManualClock()
const store = createMemoryStore()
let isDown = false
let calls = 0
/** A call to the store, or to what is left of it. */
function through<T>(call: () => Promise<T>): Promise<T> {
  if (!isDown) return call()
  calls += 1
  return kind === 'silent' ? new Promise(() => {}) : Promise.reject(new Error('no route to host'))
}

const definitions: FlagDefinitions = Object.fromEntries(
  Array.from({ length: flagCount }, (_, index) => [
    `flag${index}`,
    { enabled: true, rollout: index, environments: ['production'] },
  ]),
)
const client = openFlags<FlagDefinitions>({
  store: {
    ...store,
    read: (after, limit) => through(() => store.read(after, limit)),
    readSnapshot: () => through(() => store.readSnapshot()),
    watch: (wake) => through(async () => (await store.watch?.(wake)) ?? (() => {})),
  },
  environment: 'production',
  definitions,
  clock,
  random: () => 0.5,
})
const note = { actor: 'ann', reason: 'an outage' }
await client.ready()
await client.setRollout('flag0', 100, note)

isDown = true
let mostTimers = 0
let wrong = 0
const heapAfterHour: number[] = []
for (let hour = 0; hour < 24; hour += 1) {
  for (let minute = 0; minute < 60; minute += 1) {
    await clock.advance(hourMs / 60)
    mostTimers = Math.max(mostTimers, clock.pendingTimers)
    for (let index = 0; index < flagCount; index += 1) {
      const isOn = client.isEnabled(`flag${index}`, `user${minute}`)
      if (index === 0 && !isOn) wrong += 1
    }
  }
  collect()
  heapAfterHour.push(process.memoryUsage().heapUsed)
}
const { status } = client

isDown = false
const other = openFlags<FlagDefinitions>({
  ...{ store, environment: 'production', definitions, clock },
})
await other.ready()
await other.setRollout('flag0', 0, note)
// One call that was never answered, and one pause.
await clock.advance(10_000 + 30_000)
const after = { status: client.status, isEnabled: client.isEnabled('flag0', 'ann') }
await client.close()
await other.close()
const timersLeft = clock.pendingTimers
process.stdout.write(
  `${JSON.stringify({ calls, wrong, mostTimers, heapAfterHour, status, after, timersLeft })}\n`,
)
