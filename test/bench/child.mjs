// One contestant on one workload, in a process of its own: checks what it serves, times it, prints JSON.
import net from 'node:net'
import { openContestant } from './contestants/index.mjs'
import { measure } from './measure.mjs'
import { flagsFor, passOver } from './workloads.mjs'

const { contestant: name, workload, warmMs, measureMs } = JSON.parse(process.argv[2])

// A client that asked the network would be timed on its error path.
net.Socket.prototype.connect = () => {
  throw new Error(`${name} reached for the network`)
}

const contestant = await openContestant(name)
const flags = flagsFor(workload)
const client = await contestant.open(flags)
const { pass, calls, check } = passOver(workload, flags, client)
const { sum, served } = await check()
const time = await measure({ pass, calls, sum, warmMs, measureMs })
const perUnit = workload === 'all' ? 1000 : 1
process.stdout.write(
  `${JSON.stringify({ time: time.median / perUnit, fastest: time.fastest / perUnit, samples: time.samples, served })}\n`,
)
process.exit(0)
