import { PassThrough } from 'node:stream'
import { createManualClock, type ManualClock } from '@sluice/stores/testing'
import { main } from '../../packages/cli/src/main.ts'

/** What a command line left behind. */
export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A command line that runs. */
export interface Running {
  readonly outcome: Promise<Outcome>
  /** Waits until a text stands on stdout or stderr. @throws Error With what it wrote, where it ends before. */
  shows(text: string): Promise<void>
  /** Types into stdin. */
  type(text: string): void
  /** Ends stdin, as Ctrl-D does. */
  end(): void
  /** Presses Ctrl-C. */
  interrupt(): void
}

/** How a command line is run. */
export interface RunOptions {
  readonly env?: { readonly [name: string]: string }
  /** Whether somebody sits in front of it. Default: nobody, neither of its streams is a terminal. */
  readonly isTTY?: boolean
}

/** A machine of memory that command lines are run on, in this process. */
export interface MemoryWorld {
  readonly clock: ManualClock
  /** Runs a command line to its end, split at spaces; quotes group. */
  run(line: string, env?: { readonly [name: string]: string }): Promise<Outcome>
  /** Runs a command line, and leaves it running. */
  start(line: string, options?: RunOptions): Running
}

export function createWorld(cwd: string): MemoryWorld {
  const clock = createManualClock(Date.UTC(2026, 2, 2, 9))
  const start: MemoryWorld['start'] = (line, { env = {}, isTTY = false } = {}) => {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
    const written = { stdout: '', stderr: '' }
    const changes = new Set<() => void>()
    const into = (name: 'stdout' | 'stderr') => ({
      isTTY,
      write(text: string) {
        written[name] += text
        for (const tell of changes) tell()
      },
    })
    const interrupted = new AbortController()
    const stdin = new PassThrough()
    const outcome = main(words.slice(1) as string[], {
      ...{ stdin: Object.assign(stdin, { isTTY }), stdout: into('stdout'), stderr: into('stderr') },
      env: { SLUICE_ACTOR: 'ada', ...env },
      ...{ cwd, clock, signal: interrupted.signal },
    }).then((exitCode) => ({ exitCode, ...written }))
    return {
      outcome,
      async shows(text) {
        let isOver = false
        void outcome.then(() => {
          isOver = true
          for (const tell of changes) tell()
        })
        while (!(written.stdout + written.stderr).includes(text)) {
          if (isOver)
            throw new Error(`It ended without writing ${text}: ${JSON.stringify(written)}`)
          await new Promise<void>((resolve) => {
            changes.add(resolve)
          })
        }
      },
      type: (text) => void stdin.write(text),
      end: () => void stdin.end(),
      interrupt: () => interrupted.abort(),
    }
  }
  return { clock, start, run: (line, env = {}) => start(line, { env }).outcome }
}
