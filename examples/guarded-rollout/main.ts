// A service moves a flag from 5 to 100 percent under real traffic while guards watch, then a bad
// release is rolled back by itself. Nothing is needed but Node: npm run demo
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Commit, createFileStore, openFlags, verifyLog } from '@sluice/sdk'
import { type ActResult, playAct } from './act.ts'
import { badFailEvery, healthyFailEvery } from './settings.ts'
import { createView } from './view.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-demo-'))
// Ctrl-C leaves nothing behind either. The users' process ends by itself when this one does.
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    rmSync(directory, { recursive: true, force: true })
    process.exit(exitCode)
  })
}
const store = createFileStore({ directory })
const flags = openFlags({
  store,
  environment: 'production',
  definitions: {
    newCheckout: { description: 'The new checkout page' },
    newPayment: { description: 'The new payment page, with a bug' },
  },
})
const view = createView(process.stdout)
const say = (line = '') => process.stdout.write(`${line}\n`)
const failures: string[] = []

try {
  await flags.ready()
  const healthy = await playAct(
    {
      title: 'Act one: a healthy canary',
      flag: 'newCheckout',
      stableFailEvery: healthyFailEvery,
      canaryFailEvery: healthyFailEvery,
    },
    flags,
    view,
  )
  if (healthy.state?.phase !== 'completed') {
    failures.push(`act one should have completed, it is ${healthy.state?.phase ?? 'not over'}`)
  }
  say(`\n  The flag is at ${flags.explain('newCheckout', 'user-1').exposure?.rollout} %.`)

  const bad = await playAct(
    {
      title: 'Act two: a canary with ten times the errors',
      flag: 'newPayment',
      stableFailEvery: healthyFailEvery,
      canaryFailEvery: badFailEvery,
    },
    flags,
    view,
  )
  if (bad.state?.phase !== 'rolled_back') {
    failures.push(`act two should have been rolled back, it is ${bad.state?.phase ?? 'not over'}`)
  }
  sayTimeline(bad)
  await sayAudit(await flags.replica.history(''))
} finally {
  await flags.close()
  await store.close()
  await rm(directory, { recursive: true, force: true })
}
for (const failure of failures) say(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

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
  const check = await verifyLog(store)
  if (check.ok)
    say(`\n  Verified: ${check.head.revision} commits, head ${check.head.hash.slice(0, 16)}…`)
  else failures.push(`the log is broken at revision ${check.revision}: ${check.because}`)
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.max(0, length - 1))}…` : text
}
