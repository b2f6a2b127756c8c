import { openContestant, ownNames } from './contestants/index.mjs'
import { medianOf } from './measure.mjs'
import { peerVersions } from './prepare.mjs'
import { showProgress } from './progress.mjs'
import { runScript } from './spawn.mjs'

/**
 * Runs every contestant on every workload, each time in a new process.
 *
 * Within a round the contestants of one workload run one after another in random order, so that
 * whatever the machine does meanwhile meets all of them.
 */
export async function raceWorkloads(workloads, { rounds, contestants, warmMs, measureMs }) {
  const entries = []
  for (const workload of workloads)
    for (const name of contestants) entries.push({ workload: workload.id, name, rounds: [] })
  const traits = await traitsOf(contestants)
  for (const entry of entries) entry.cannot = traits[entry.name].cannot?.[entry.workload]

  const failures = []
  const total = rounds * entries.length
  let done = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const workload of shuffled(workloads)) {
      for (const entry of shuffled(entries.filter((each) => each.workload === workload.id))) {
        done += 1
        if (entry.cannot || entry.absent || entry.failed) continue
        showProgress(`${done}/${total} ${entry.workload} ${entry.name}`)
        try {
          const result = await runScript('child.mjs', {
            contestant: entry.name,
            workload: entry.workload,
            warmMs,
            measureMs,
          })
          if (result.absent) entry.absent = result.absent
          else {
            entry.rounds.push(result.time)
            entry.served = result.served
          }
        } catch (error) {
          entry.failed = error.message
          failures.push(error.message)
        }
      }
    }
  }
  showProgress('')
  for (const entry of entries) if (entry.rounds.length > 0) entry.median = medianOf(entry.rounds)
  return {
    contestants: traits,
    entries,
    results: workloads.map((each) => compare(each, entries)),
    failures,
  }
}

/** Sluice's public client against the fastest peer; the bare flag set where there is no client yet. */
function compare(workload, entries) {
  const of = entries.filter((entry) => entry.workload === workload.id && entry.median !== undefined)
  const peers = of.filter(({ name }) => !ownNames.includes(name))
  const fastest = peers.reduce(
    (best, entry) => (best && best.median <= entry.median ? best : entry),
    undefined,
  )
  const ours = ownNames.map((name) => of.find((entry) => entry.name === name)).find(Boolean)
  const ratio = fastest && ours ? fastest.median / ours.median : undefined
  return {
    ...workload,
    ours: ours?.name,
    fastest: fastest?.name,
    ratio,
    isMet: ratio === undefined ? undefined : ratio >= workload.asked,
  }
}

/** What the report says of each contestant. Sluice's own may not be built, so it is not loaded here. */
async function traitsOf(names) {
  const traits = {}
  for (const name of names) {
    if (ownNames.includes(name)) {
      traits[name] = { label: name === 'client' ? 'sluice client' : 'sluice flag set' }
      continue
    }
    const { package: packageName, isAsync = false, cannot, notes } = await openContestant(name)
    const version = peerVersions([packageName])[packageName]
    traits[name] = { label: name, package: packageName, version, isAsync, cannot, notes }
  }
  return traits
}

function shuffled(items) {
  const order = [...items]
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[order[index], order[other]] = [order[other], order[index]]
  }
  return order
}
