// Microseconds of all 1,000 flags for one user, or nanoseconds and bytes of a request's scope. The bytes need --expose-gc.
import { openFlags } from '@sluice/sdk'
import { definitionsOf } from '../contestants/sluice-flags.mjs'
import { measure } from '../measure.mjs'
import { userCount, usersOfOneShape } from '../users.mjs'
import { flagsFor, keyOf } from '../workloads.mjs'

const { what, warmMs, measureMs } = JSON.parse(process.argv[2])

const loaded = flagsFor('all')
const key = keyOf(loaded, 'W1')
const flags = openFlags({ environment: 'production', definitions: definitionsOf(loaded) })
if (!(await flags.ready())) throw new Error('the flags did not become live')
const users = usersOfOneShape()
const isPublic = () => true

/** Each answers how many answers it saw. */
const asks = {
  all: (user) => (flags.all(user)[key] === true ? loaded.length : 0),
  sheet: (user) =>
    flags.answerSheet(user, { isPublic }).answers[key].value === true ? loaded.length : 0,
  scope: (user) => (flags.forRequest(user).isEnabled(key) ? 1 : 0),
  client: (user) => (flags.isEnabled(key, user) ? 1 : 0),
}

const isAll = what === 'all' || what === 'sheet'
const asked = isAll ? users.slice(0, 100) : users
const ask = asks[what === 'bytes' ? 'scope' : what]
const sum = asked.length * (isAll ? loaded.length : 1)
const value = what === 'bytes' ? bytes() : await time()
process.stdout.write(`${JSON.stringify({ value })}\n`)
process.exit(0)

function pass() {
  let seen = 0
  for (const user of asked) seen += ask(user)
  return seen
}

async function time() {
  const { median } = await measure({ pass, calls: asked.length, sum, warmMs, measureMs })
  return isAll ? median / 1000 : median
}

/** Every scope is kept, so that none is optimised away; the list that keeps them is not counted. */
function bytes() {
  for (let turn = 0; turn < 200; turn += 1) pass()
  const kept = new Array(userCount).fill(undefined)
  let least = Number.POSITIVE_INFINITY
  for (let window = 0; window < 5; window += 1) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < userCount; index += 1) kept[index] = flags.forRequest(users[index])
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / userCount)
  }
  if (!kept.every((scope) => scope.isEnabled(key))) throw new Error('an answer is wrong')
  return least
}
