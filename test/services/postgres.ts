import { execFile, execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findBinary, freePort, serverProcess } from './process.ts'
import type { Service, ServiceKind } from './service.ts'

const run = promisify(execFile)
const binary = findBinary('postgres', installedIn())

/** A PostgreSQL cluster of its own, with the durability it has by default. */
export const postgres: ServiceKind = {
  name: 'postgres',
  binary,
  install: 'apt-get install postgresql',

  async start(): Promise<Service> {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-postgres-'))
    const user = ownerOf()
    if (user !== undefined) await chown(directory, user.uid, user.gid)
    const command = binary as string
    const data = join(directory, 'data')
    const init = ['-D', data, '-U', 'sluice', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
    await run(join(dirname(command), 'initdb'), init, { ...user, cwd: directory })
    const port = await freePort()
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
    const args = ['-D', data, '-p', String(port), ...settings]
    const ready = join(dirname(command), 'pg_isready')
    const server = serverProcess({
      command,
      args,
      port,
      user,
      isReady: () =>
        run(ready, ['-h', '127.0.0.1', '-p', String(port)]).then(
          () => true,
          () => false,
        ),
    })
    await server.start()
    return {
      url: `postgres://sluice@127.0.0.1:${port}/postgres`,
      port,
      kill: server.kill,
      restart: server.start,
      async stop() {
        await server.kill()
        await rm(directory, { recursive: true, force: true, maxRetries: 5 })
      },
    }
  },
}

/** Debian keeps PostgreSQL's programs by version and off the PATH. */
function installedIn(): string[] {
  const versions = '/usr/lib/postgresql'
  try {
    return readdirSync(versions).map((version) => join(versions, version, 'bin'))
  } catch {
    return []
  }
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
function ownerOf(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
