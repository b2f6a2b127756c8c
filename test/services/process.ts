import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import net from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The path of a program in the given folders or on the PATH; undefined where there is none. */
export function findBinary(name: string, folders: readonly string[] = []): string | undefined {
  const all = [...folders, ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return all.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** How a server process is begun. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  /** Another user, where the program refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Whether it serves; a server may listen before it does. Default: it listens. */
  readonly isReady?: () => Promise<boolean>
  /** What it says when it ends because a killed one before it is not yet gone: then it is begun again. */
  readonly isLeftBehind?: RegExp | undefined
}

/** A server process that can be killed and begun again on the same port. */
export interface ServerProcess {
  start(): Promise<void>
  /** Ends it without a farewell, as a crash does. */
  kill(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Prepares a server process; nothing runs before `start`. */
export function serverProcess(launch: Launch): ServerProcess {
  const { command, args, port, user, isReady, isLeftBehind } = launch
  let child: ChildProcess | undefined

  /** Begins it and waits until it serves; otherwise answers what it said. */
  async function begin(until: number): Promise<{ message: string; isEnded: boolean } | undefined> {
    const begun = spawn(command, args, { ...user, stdio: ['ignore', 'pipe', 'pipe'] })
    child = begun
    running.add(begun)
    let output = ''
    const keep = (text: Buffer) => {
      output = (output + text).slice(-4_000)
    }
    begun.stdout.on('data', keep)
    begun.stderr.on('data', keep)
    let ended: string | undefined
    begun.once('error', (error) => {
      ended = error.message
    })
    // Its last words have come when it is closed, not yet when it exits.
    begun.once('close', (code, signal) => {
      running.delete(begun)
      ended ??= `it ended with ${code ?? signal}`
    })
    for (; Date.now() < until; await sleep(20)) {
      if (ended !== undefined) return { message: `${command}: ${ended}\n${output}`, isEnded: true }
      if ((await isListening(port)) && (isReady === undefined || (await isReady()))) return
    }
    return {
      message: `${command} did not begin to serve on port ${port}\n${output}`,
      isEnded: false,
    }
  }

  return {
    async start() {
      for (const until = Date.now() + 30_000; ; await sleep(20)) {
        const failure = await begin(until)
        if (failure === undefined) return
        // What a killed server leaves behind for a moment may keep its successor from starting.
        const isEarly = failure.isEnded && isLeftBehind?.test(failure.message) === true
        if (!isEarly || Date.now() > until) throw new Error(failure.message)
      }
    },

    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
      // PostgreSQL's own children hold the port for a moment after their parent.
      for (const until = Date.now() + 30_000; await isListening(port); await sleep(20)) {
        if (Date.now() > until) throw new Error(`${command}: port ${port} still answers`)
      }
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
