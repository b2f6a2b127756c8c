import { PassThrough } from 'node:stream'
import { createManualClock, type ManualClock } from '@sluice/stores/testing'
import { main } from '../../packages/cli/src/main.ts'

/** What a command line left behind. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A machine of memory that command lines are run on, in this process. */
export interface MemoryWorld {
  readonly clock: ManualClock
  /** Runs a command line, split at spaces; quotes group. */
  run(line: string, env?: { readonly [name: string]: string }): Promise<Outcome>
}

/** Nobody sits in front of it: neither of its streams is a terminal. */
export function createWorld(cwd: string): MemoryWorld {
  const clock = createManualClock(Date.UTC(2026, 2, 2, 9))
  return {
    clock,
    async run(line, env = {}) {
      const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
      const written = { stdout: '', stderr: '' }
      const into = (name: 'stdout' | 'stderr') => ({
        write(text: string) {
          written[name] += text
        },
      })
      const exitCode = await main(words.slice(1) as string[], {
        ...{ stdin: new PassThrough(), stdout: into('stdout'), stderr: into('stderr') },
        env: { SLUICE_ACTOR: 'ada', ...env },
        ...{ cwd, clock, signal: new AbortController().signal },
      })
      return { exitCode, ...written }
    },
  }
}
