// A canary in production that needs a yes first: asked for, approved by the right person, started by itself when the
// notice is over, carried to the end by its guards. An edit of the plan meanwhile is not what was approved.
// Nothing is needed but Node:
//
//   node --import tsx -C @sluice/source examples/canary-with-approval/main.ts
import { setTimeout as sleep } from 'node:timers/promises'
import {
  canary,
  createApprovals,
  createRolloutController,
  definePolicy,
  digestOf,
  errorRate,
  isSluiceError,
  openFlags,
  rolloutSubject,
} from '@sluice/sdk'
import { startTraffic } from './traffic.ts'

// The deployment policy, with the times of a demonstration: an hour is two seconds, four hours' notice is three.
const policy = definePolicy({
  canary: { monitorMs: 2_000, lastMonitorMs: 2_000 },
  approvals: { types: { minor: { noticeMs: 3_000 } } },
})
const plan = canary({ minHoldMs: 500 }, policy)
const guards = [errorRate({ minRequests: 50 })]
const environment = 'production'
const flag = 'newCheckout'
const say = (line: string) => process.stdout.write(`${line}\n`)

const flags = openFlags({ environment, definitions: { newCheckout: { owner: 'shop' } } })
await flags.ready()
const stopTraffic = startTraffic(flags, flag)
const approvals = createApprovals({
  replica: flags.replica,
  policy,
  directory: { ann: ['developer'], tom: ['team_lead'], olga: ['on_call'] },
})
const controller = createRolloutController({ flags, flag, plan, guards, policy, approvals })
controller.on('event', ({ message }) => say(`  ${message}`))
controller.run()

say('Ann asks for the rollout, and may not approve it herself.')
await controller.start({
  actor: 'ann',
  reason: 'the new checkout',
  ticket: 'SHOP-12',
  type: 'minor',
})
const subject = rolloutSubject({ flag, environment, plan, guards, alpha: 0.01 }, 'minor')
const asked = await approvals.request(subject, { actor: 'ann', reason: 'the new checkout' })
await refused(approve('ann'))
say('Olga is on call, which is not what a minor release asks for.')
await refused(approve('olga'))
say('Tom leads the team. The notice is not over yet; then it starts by itself.')
await approve('tom')

say('Somebody halves the monitoring, and means to use his approval for that.')
const bolder = canary({ minHoldMs: 500, monitorMs: 1_000 }, policy)
const edited = rolloutSubject({ flag, environment, plan: bolder, guards, alpha: 0.01 }, 'minor')
const check = approvals.check(edited)
say(`  ${check.status}: ${'because' in check ? check.because : ''}`)

while (controller.state?.phase !== 'completed') await sleep(100)

stopTraffic()
await controller.stop()
await approvals.close()
await flags.close()

function approve(actor: string) {
  return approvals.approve(asked.id, { actor, reason: 'read the plan', digest: digestOf(subject) })
}

async function refused(attempt: Promise<unknown>): Promise<void> {
  const error = await attempt.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (!isSluiceError(error)) throw new Error('this should have been refused', { cause: error })
  say(`  refused, ${error.code}: ${error.message}`)
}
