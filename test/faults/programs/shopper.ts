// One of several processes of a shop: serves users, counts them, runs a controller, and tells when it last served the
// canary. SIGUSR2 makes the canary fail.
import { writeSync } from 'node:fs'
import { canary, createRolloutController, errorRate, openFlags } from '@sluice/sdk'
import { openStore } from '../../services/open-store.ts'

const [url, name, processId] = process.argv.slice(2) as [string, string, string]
const plan = canary({
  stages: [{ rolloutPercent: 50, monitorMs: 3_600_000 }, { rolloutPercent: 100 }],
  maxFirstStagePercent: 50,
})
let isBad = false
process.on('SIGUSR2', () => {
  isBad = true
})

const opened = await openStore(url, name)
const definitions = { checkout: { environments: ['production'] } }
const flags = openFlags({
  ...{ definitions, processId, store: opened.store, environment: 'production' },
})
if (!(await flags.ready({ timeoutMs: 60_000 }))) throw new Error('the store does not answer')
const controller = createRolloutController({
  ...{ flags, flag: 'checkout', plan, guards: [errorRate()], actor: processId },
})
let sawRollbackAt = 0
controller.on('state', ({ phase }) => {
  if (phase === 'rolling_back' || phase === 'verifying') sawRollbackAt ||= Date.now()
})
controller.run()

let served = 0
let canaryServed = 0
let lastCanaryAt = 0
let canaryAfterRollback = 0
function serve(): void {
  for (let request = 0; request < 10; request += 1) {
    served += 1
    const answer = flags.guarded('checkout', `${processId}-${served}`, {
      on: () => 'new',
      off: () => 'old',
      isOk: (result) => !(isBad && result === 'new') && served % 50 !== 0,
    })
    if (answer !== 'new') continue
    canaryServed += 1
    lastCanaryAt = Date.now()
    if (sawRollbackAt > 0) canaryAfterRollback += 1
    if (canaryServed === 200) writeSync(1, 'serves the canary\n')
  }
}
const serving = setInterval(serve, 25)

writeSync(1, 'ready\n')
while (controller.state?.phase !== 'rolled_back') {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
clearInterval(serving)
const told = { processId, canaryServed, lastCanaryAt, sawRollbackAt, canaryAfterRollback }
writeSync(1, `${JSON.stringify(told)}\n`)
await controller.stop()
await flags.close()
await opened.close()
