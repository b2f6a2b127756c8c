// `sluice` as the tests type it: the clock starts where SLUICE_TEST_AT says, and chance repeats itself, so
// that a screen is the same each time. The program itself knows no such variable.

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { machineClock } from '../../packages/cli/src/machine-clock.ts'
import { main } from '../../packages/cli/src/main.ts'
import { runProcess } from '../../packages/cli/src/run-process.ts'

/** A command line that is typed after another, in the same terminal. */
interface TypedLine {
  readonly words: readonly string[]
  /** ISO 8601. */
  readonly at: string
  readonly env: { readonly [name: string]: string }
}

const { stdin, stdout, stderr, env } = process

function createClock(at: string | undefined) {
  const startedAt = Date.parse(at ?? '')
  const began = Date.now()
  const isMoving = env.SLUICE_TEST_MOVES !== undefined
  let seed = startedAt % 2_147_483_647
  Math.random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  return { ...machineClock, now: () => startedAt + (isMoving ? Date.now() - began : 0) }
}

/** Types lines one after the other, and tells the terminal after each how it ended, by a sequence of no meaning. */
async function typeAll(lines: readonly TypedLine[]): Promise<void> {
  for (const { words, at, env: own } of lines) {
    const code = await main(words, {
      ...{ stdin, stdout, stderr, env: { ...env, ...own }, cwd: process.cwd() },
      ...{ clock: createClock(at), signal: new AbortController().signal },
    })
    stdout.write(`\u001b]777;${code}\u0007\u001b[H\u001b[2J\u001b[3J`)
  }
}

/** Ends when the terminal has read all: node-pty drops what it has not read 200 ms after the end. */
function waitUntilRead(): void {
  const tty = openSync('/dev/tty', 'r+')
  writeSync(tty, '\u001b]778;\u0007')
  try {
    readSync(tty, Buffer.alloc(1))
  } catch {
    // The terminal is gone.
  }
  closeSync(tty)
}

const { SLUICE_TEST_LINES: lines, SLUICE_TEST_PTY: isInPty } = env
if (isInPty !== undefined) process.once('exit', waitUntilRead)
void (lines === undefined
  ? runProcess({ clock: createClock(env.SLUICE_TEST_AT) })
  : typeAll(JSON.parse(lines)))
