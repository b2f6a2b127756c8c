import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, serverProcess } from './process.ts'
import type { Service } from './service.ts'

/** A server that keeps its data in a folder and listens on a port. */
export interface DataServer {
  /** Begins the folder's name. */
  readonly name: string
  readonly command: string
  readonly args: (directory: string, port: number) => readonly string[]
  readonly url: (port: number) => string
  /** Prepares the folder. */
  readonly prepare?: (directory: string, port: number) => Promise<void>
  /** Another user, where the program refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Whether it serves; a server may listen before it does. Default: it listens. */
  readonly isReady?: (port: number) => Promise<boolean>
  /** What it says when it ends because a killed one before it is not yet gone. */
  readonly isLeftBehind?: RegExp
}

/** Starts a server on a free port, in a folder of its own. */
export async function startDataServer(server: DataServer): Promise<Service> {
  const { name, command, args, url, prepare, user, isReady, isLeftBehind } = server
  const directory = await mkdtemp(join(tmpdir(), `sluice-${name}-`))
  const port = await freePort()
  await prepare?.(directory, port)
  const running = serverProcess({
    ...{ command, args: args(directory, port), port, user, isLeftBehind },
    ...(isReady && { isReady: () => isReady(port) }),
  })
  await running.start()
  return {
    url: url(port),
    port,
    kill: running.kill,
    restart: running.start,
    async stop() {
      await running.kill()
      // A child of the server may still be writing.
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
