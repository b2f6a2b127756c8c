// `sluice` as the tests type it: the clock starts where SLUICE_TEST_AT says, and chance repeats itself, so
// that a screen is the same each time. The program itself knows no such variable.

import { machineClock } from '../../packages/cli/src/machine-clock.ts'
import { runProcess } from '../../packages/cli/src/run-process.ts'

const { env } = process
const startedAt = Date.parse(env.SLUICE_TEST_AT ?? '')
const began = Date.now()
const isMoving = env.SLUICE_TEST_MOVES !== undefined
const clock = {
  ...machineClock,
  now: () => startedAt + (isMoving ? Date.now() - began : 0),
}
let seed = startedAt % 2_147_483_647
Math.random = () => {
  seed = (seed * 48_271) % 2_147_483_647
  return seed / 2_147_483_647
}

void runProcess({ clock })
