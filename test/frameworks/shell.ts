import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** A process that a line has begun. */
export type Begun = ChildProcessByStdio<null, Readable, Readable>

/** Terminals in a folder, as one person has them. */
export interface Shell {
  /** What `export` sets for the lines to come. */
  readonly variables: Record<string, string | undefined>
  /** Begins a line, with all that it starts in a process group of its own. */
  start(line: string): Begun
  /** Waits until a line has ended. `printed` is what it wrote to stdout and stderr. */
  run(line: string): Promise<{ printed: string; exitCode: number }>
  /** Ends a line and all that it started, as Ctrl-C in a terminal reaches them all. */
  end(child: ChildProcess | undefined): Promise<void>
  /** Ends all that still runs. */
  endAll(): Promise<void>
}

/** Opens terminals in a folder; nothing runs yet. */
export function createShell(cwd: string): Shell {
  // Options of this process, such as the workspace's condition, are not the reader's.
  const { NODE_OPTIONS: _, NODE_ENV: __, ...variables } = process.env
  const env: Record<string, string | undefined> = { ...variables, SLUICE_ACTOR: 'ada' }
  const running = new Set<ChildProcess>()
  const start: Shell['start'] = (line) => {
    const child = spawn('sh', ['-c', line], {
      ...{ cwd, env, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    return child
  }
  const end: Shell['end'] = async (child) => {
    if (child?.pid === undefined || !running.has(child)) return
    const ended = once(child, 'close')
    process.kill(-child.pid, 'SIGTERM')
    await ended
  }
  return {
    variables: env,
    start,
    async run(line) {
      const child = start(line)
      let printed = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed += text
        })
      }
      const [exitCode] = (await once(child, 'close')) as [number]
      return { printed, exitCode }
    },
    end,
    async endAll() {
      await Promise.all([...running].map(end))
    },
  }
}
