// A service moves a flag from 5 to 100 percent under real traffic while guards watch, then a bad
// release is rolled back by itself. Nothing is needed but Node: npm run demo
//
// With a store that processes can share, two services serve, and the guards judge the sum of both:
//   npm run demo -- --store redis://localhost:6379     (or postgres://…, nats://…)
// A canary that fails so many times as often, beside what the forecast says of it:
//   npm run demo -- --regression 2
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Commit, openFlags, verifyLog } from '@sluice/sdk'
import { type ActResult, type PlannedAct, playAct } from './act.ts'
import { describeProcess } from './arm-window.ts'
import { openDemoStore } from './open-store.ts'
import { planRegression } from './regression.ts'
import { serveHere, serveInProcesses } from './services.ts'
import {
  badFailEvery,
  definitions,
  healthyFailEvery,
  servicesInStore,
  settings,
} from './settings.ts'
import { createView } from './view.ts'

const short = { plan: settings.plan, limitMs: settings.actLimitMs }
const acts: readonly PlannedAct[] = [
  {
    title: 'Act one: a healthy canary',
    flag: 'newCheckout',
    stableFailEvery: healthyFailEvery,
    canaryFailEvery: healthyFailEvery,
    mustEnd: 'completed',
    ...short,
  },
  {
    title: 'Act two: a canary with ten times the errors',
    flag: 'newPayment',
    stableFailEvery: healthyFailEvery,
    canaryFailEvery: badFailEvery,
    mustEnd: 'rolled_back',
    ...short,
  },
]

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    act: { type: 'string' },
    regression: { type: 'string' },
  },
})
const regression =
  values.regression === undefined ? undefined : planRegression(Number(values.regression))
// A log of its own for each run, so that runs do not meet and nothing is left behind.
const storeName = `sluice-demo-${randomBytes(4).toString('hex')}`
const storeUrl = values.store === 'file' ? undefined : values.store
const { store, create, remove, close } = await openDemoStore(storeUrl, storeName)
// Ctrl-C leaves nothing behind either. The other processes end by themselves when this one does.
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  const exit = () => process.exit(exitCode)
  process.once(signal, () => void remove().then(exit, exit))
}
await create()
const flags = openFlags({ store, environment: 'production', definitions, processId: 'onlooker' })
const openServices =
  storeUrl === undefined
    ? serveHere(flags)
    : serveInProcesses(servicesInStore, { storeUrl, storeName })
const view = createView(process.stdout)
const say = (line = '') => process.stdout.write(`${line}\n`)
const failures: string[] = []

try {
  await flags.ready()
  if (regression !== undefined) say(`\n${regression.forecast}`)
  for (const [index, act] of (regression ? [regression.act] : acts).entries()) {
    if (values.act !== undefined && values.act !== String(index + 1)) continue
    const result = await playAct(act, { flags, openServices, view })
    check(act, result)
    if (storeUrl !== undefined) saySum(result)
    if (act.mustEnd === 'completed') {
      say(
        `\n  The flag is at ${flags.explain(act.flag as keyof typeof definitions, 'user-1').exposure?.rollout} %.`,
      )
    }
    sayTimeline(result)
    if (regression !== undefined) say(`\n  ${regression.compare(result.state)}`)
  }
  await sayAudit(await flags.replica.history(''))
} catch (error) {
  failures.push(toText(error))
} finally {
  await flags.close()
  await remove().catch((error: unknown) => {
    failures.push(`what ${storeName} left in the store could not be removed: ${toText(error)}`)
  })
  await close()
}
for (const failure of failures) say(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

function check({ title, mustEnd }: PlannedAct, { state, sightings, counted }: ActResult): void {
  if (mustEnd === 'any' ? state === undefined : state?.phase !== mustEnd) {
    failures.push(`${title}: should be ${mustEnd}, it is ${state?.phase ?? 'not over'}`)
  }
  if (counted.requests > sightings.requests) {
    failures.push(`${title}: ${counted.requests} counted of ${sightings.requests} requests`)
  }
  const services = storeUrl === undefined ? 1 : servicesInStore
  if (counted.byProcess.length !== services) {
    failures.push(`${title}: ${counted.byProcess.length} of ${services} services were counted`)
  }
}

function saySum({ sightings, counted }: ActResult): void {
  say('\n  What the guards judged')
  for (const each of counted.byProcess) say(`  ${describeProcess(each)}`)
  say(`  sum: ${counted.requests} requests; the services served ${sightings.requests}, also before`)
  say('  and after the rollout')
}

function sayTimeline({ state, sightings }: ActResult): void {
  if (state?.phase !== 'rolled_back' || sightings.firstBadAt === undefined) return
  const { firstBadAt, lastAt = firstBadAt } = sightings
  const since = (at: number) => `${((at - firstBadAt) / 1000).toFixed(2)} s`
  say(`\n  Rolled back: ${state.rollback.because}`)
  say(`  first bad request → decision              ${since(state.rollback.decidedAt)}`)
  say(`  first bad request → last canary response  ${since(lastAt)}`)
}

async function sayAudit(commits: readonly Commit[]): Promise<void> {
  say('\n  The audit log')
  const width = process.stdout.columns || 110
  for (const { revision, at, actor, action, reason } of commits) {
    const time = new Date(at).toISOString().slice(11, 19)
    const head = `  ${String(revision).padStart(3)}  ${time}  ${actor.padEnd(10)}  ${action.padEnd(15)}  `
    say(`${head}${shorten(reason, width - head.length)}`)
  }
  const verified = await verifyLog(store)
  if (verified.ok) {
    const { revision, hash } = verified.head
    say(`\n  Verified: ${revision} commits, head ${hash.slice(0, 16)}…`)
  } else failures.push(`the log is broken at revision ${verified.revision}: ${verified.because}`)
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.max(0, length - 1))}…` : text
}
