import { execFile, execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { startDataServer } from './data-server.ts'
import { findBinary } from './process.ts'
import type { ServiceKind } from './service.ts'

const run = promisify(execFile)
const binary = findBinary('postgres', installedIn())

/** A PostgreSQL cluster of its own, with the durability it has by default. */
export const postgres: ServiceKind = {
  name: 'postgres',
  binary,
  install: 'apt-get install postgresql',

  start() {
    const user = ownerOf()
    const command = binary as string
    const program = (name: string) => join(dirname(command), name)
    return startDataServer({
      name: 'postgres',
      command,
      user,
      async prepare(directory) {
        if (user !== undefined) await chown(directory, user.uid, user.gid)
        const access = ['-U', 'sluice', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
        const init = ['-D', join(directory, 'data'), ...access]
        await run(program('initdb'), init, { ...user, cwd: directory })
      },
      args(directory, port) {
        const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
        return ['-D', join(directory, 'data'), '-p', String(port), ...settings]
      },
      url: (port) => `postgres://sluice@127.0.0.1:${port}/postgres`,
      isReady: (port) =>
        run(program('pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).then(
          () => true,
          () => false,
        ),
      // Children of the killed one hold its shared memory until they see that it is gone.
      isLeftBehind: /pre-existing shared memory block/,
    })
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
