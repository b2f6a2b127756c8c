import {
  isEligible,
  lastPlan,
  userAt,
  userCount,
  usersOfFourShapes,
  usersOfOneShape,
} from './users.mjs'

/** Percent by which a share may miss: over 4.5 standard deviations of 10,000 fair draws. */
const shareTolerance = 2.3

/** The kinds of flag; a contestant writes each in its own format. */
export const flagKinds = ['W1', 'W2', 'W3', 'W4', 'W5']

/** The rows of the table: what is called, and how many times faster than the fastest peer it must be. */
export const workloads = [
  { id: 'W1', title: 'boolean flag, no rule', asked: 8, unit: 'ns' },
  { id: 'W2', title: '25 % rollout', asked: 9, unit: 'ns' },
  { id: 'W3', title: 'country in 20, semver >= 2.1.0, 50 %', asked: 9, unit: 'ns' },
  { id: 'W4', title: 'ten rules on one attribute, last matches', asked: 10, unit: 'ns' },
  { id: 'W5', title: 'four weighted variants', asked: 8, unit: 'ns' },
  { id: 'mix', title: 'W1-W4 in turn, four context shapes', asked: 7, unit: 'ns' },
  { id: 'all', title: 'all 1,000 flags for one user', asked: 8, unit: 'us' },
]

/**
 * The flags a workload loads: a hundred, or a thousand where all are asked; a fifth of each kind.
 * Keys are interned, as a literal in an application is.
 */
export function flagsFor(workload) {
  const count = workload === 'all' ? 1000 : 100
  const flags = Array.from({ length: count }, (_, index) => {
    const kind = flagKinds[index % flagKinds.length]
    return { key: interned(`${kind.toLowerCase()}-feature-${index}`), kind }
  })
  return flags
}

/** The one flag of a kind that is called: from the middle of those loaded. */
export function keyOf(flags, kind) {
  const ofKind = flags.filter((flag) => flag.kind === kind)
  return ofKind[ofKind.length >> 1].key
}

/**
 * One timed pass over a workload and the check that says what it must have served.
 *
 * @returns `pass` makes `calls` evaluations and answers a checksum; `check` asks the same questions
 * untimed, throws where an answer or a share is wrong, and answers the checksum `pass` must give.
 */
export function passOver(workload, flags, client) {
  if (workload === 'all') return passOverAll(flags, client)
  if (workload === 'mix') return passOverMix(flags, client)
  const users = usersOfOneShape()
  const contexts = users.map(client.contextOf)
  const key = keyOf(flags, workload)
  const ask = workload === 'W5' ? client.variant : client.isOn
  const count = workload === 'W5' ? codeOfVariant : codeOfBoolean
  return {
    calls: userCount,
    pass: client.isAsync
      ? async () => {
          let sum = 0
          for (let index = 0; index < userCount; index += 1)
            sum += count(await ask(key, contexts[index]))
          return sum
        }
      : () => {
          let sum = 0
          for (let index = 0; index < userCount; index += 1) sum += count(ask(key, contexts[index]))
          return sum
        },
    check: async () => {
      const tally = createTally(workload)
      let sum = 0
      for (let index = 0; index < userCount; index += 1) {
        const answer = await ask(key, contexts[index])
        tally.add(workload, users[index], answer)
        sum += count(answer)
      }
      if (workload === 'W4') await checkOtherPlans(key, client)
      return { sum, served: tally.close() }
    },
  }
}

function passOverMix(flags, client) {
  const kinds = ['W1', 'W2', 'W3', 'W4']
  const keys = kinds.map((kind) => keyOf(flags, kind))
  const users = usersOfFourShapes()
  const contexts = users.map(client.contextOf)
  const ask = client.isOn
  return {
    calls: userCount,
    pass: client.isAsync
      ? async () => {
          let sum = 0
          for (let index = 0; index < userCount; index += 1)
            sum += codeOfBoolean(await ask(keys[index & 3], contexts[index]))
          return sum
        }
      : () => {
          let sum = 0
          for (let index = 0; index < userCount; index += 1)
            sum += codeOfBoolean(ask(keys[index & 3], contexts[index]))
          return sum
        },
    check: async () => {
      const tally = createTally('mix')
      let sum = 0
      for (let index = 0; index < userCount; index += 1) {
        for (let flag = 0; flag < 4; flag += 1) {
          const answer = await ask(keys[flag], contexts[index])
          tally.add(kinds[flag], users[index], answer)
          if (flag === (index & 3)) sum += codeOfBoolean(answer)
        }
      }
      return { sum, served: tally.close() }
    },
  }
}

/** Not a divisor of the ways users repeat, so that the users checked differ in country and version. */
const stepBetweenChecked = 467

/** Users of one pass over all flags: a pass takes about as long as one of the other workloads. */
const usersPerBulkPass = 10

function passOverAll(flags, client) {
  const users = usersOfOneShape()
  const contexts = users.map(client.contextOf)
  let next = 0
  return {
    calls: usersPerBulkPass,
    pass:
      client.isAsync || client.isAllAsync
        ? async () => {
            let sum = 0
            for (let turn = 0; turn < usersPerBulkPass; turn += 1) {
              sum += client.sizeOf(await client.all(contexts[next]))
              next = (next + 1) % userCount
            }
            return sum
          }
        : () => {
            let sum = 0
            for (let turn = 0; turn < usersPerBulkPass; turn += 1) {
              sum += client.sizeOf(client.all(contexts[next]))
              next = (next + 1) % userCount
            }
            return sum
          },
    check: async () => {
      const tally = createTally('all')
      for (let index = 0; index < userCount; index += stepBetweenChecked) {
        const values = client.valuesOf(await client.all(contexts[index]))
        for (const { key, kind } of flags) tally.add(kind, users[index], values[key])
      }
      return { sum: usersPerBulkPass * flags.length, served: tally.close() }
    },
  }
}

/** W4 again for users of other plans: the first, a middle one, and one no rule names. */
async function checkOtherPlans(key, client) {
  for (const [plan, expected] of [
    ['plan-0', true],
    ['plan-4', true],
    ['plan-10', false],
  ]) {
    const answer = await client.isOn(key, client.contextOf({ ...userAt(1), plan }))
    if (answer !== expected) throw new Error(`W4 answers ${answer} for ${plan}`)
  }
}

function codeOfBoolean(answer) {
  return answer ? 1 : 0
}

/** 97 to 100 for the variants a to d: a checksum that tells them apart. */
function codeOfVariant(answer) {
  return answer.charCodeAt(0)
}

/** Counts what each kind of flag served, and refuses what it must not serve. */
function createTally(workload) {
  const counts = new Map()
  return {
    add(kind, user, answer) {
      const type = kind === 'W5' ? 'string' : 'boolean'
      if (typeof answer !== type)
        throw new Error(`${kind} answers ${typeof answer} ${String(answer)}`)
      if (kind === 'W3' && answer && !isEligible(user))
        throw new Error(`W3 is on for ${user.country} ${user.version}`)
      if (user.plan !== lastPlan) throw new Error('the users of the pass are on another plan')
      const name = kind === 'W3' && isEligible(user) ? 'W3 eligible' : kind
      const of = counts.get(name) ?? { total: 0 }
      of.total += 1
      of[answer] = (of[answer] ?? 0) + 1
      counts.set(name, of)
    },
    close() {
      const served = {}
      for (const [name, of] of counts) {
        for (const [answer, percent] of Object.entries(expectedShares[name])) {
          const found = (100 * (of[answer] ?? 0)) / of.total
          // Only draws of a hash may miss, and fewer draws by more.
          const tolerance =
            percent === 0 || percent === 100 ? 0 : shareTolerance * Math.sqrt(userCount / of.total)
          if (Math.abs(found - percent) > tolerance)
            throw new Error(`${workload}: ${name} serves ${answer} to ${found} %, not ${percent} %`)
          served[`${name} ${answer}`] = found
        }
      }
      return served
    },
  }
}

const expectedShares = {
  W1: { true: 100 },
  W2: { true: 25 },
  W3: { true: 0 },
  'W3 eligible': { true: 50 },
  W4: { true: 100 },
  W5: { a: 25, b: 25, c: 25, d: 25 },
}

/** The one copy that V8 keeps of a property name. */
function interned(text) {
  return Object.keys({ [text]: true })[0]
}
