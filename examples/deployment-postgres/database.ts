import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BackupHooks, MigrationHooks } from '@sluice/rollout/deployment'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'

const run = promisify(execFile)
const migrations = fileURLToPath(new URL('migrations', import.meta.url))

/** A database of our own on a server, with real migrations and a real backup. */
export interface Database {
  readonly url: string
  query(text: string): Promise<unknown[]>
  /** The hooks of one migration file. */
  migration(file: string, isReversible: boolean): MigrationHooks
  readonly backup: BackupHooks
  /** A digest of the whole schema and all data. */
  fingerprint(): Promise<string>
  drop(): Promise<void>
}

/**
 * Creates an empty database.
 *
 * @param serverUrl Of any database on the server, by somebody who may create others.
 * @param directory Where backups go.
 * @param folder Where the migrations are; they are read at run time, not bundled.
 */
export async function createDatabase(
  serverUrl: string,
  directory: string,
  folder = migrations,
): Promise<Database> {
  const name = `sluice_example_${randomBytes(4).toString('hex')}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const ask = (text: string) => query(url.href, text)
  await query(serverUrl, `CREATE DATABASE ${name}`)

  /** Nobody is connected to it afterwards, and everything in it is gone. */
  async function empty(): Promise<void> {
    await query(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await query(serverUrl, `CREATE DATABASE ${name}`)
  }

  async function migrate(direction: 'up' | 'down', file: string): Promise<void> {
    const options = {
      dir: folder,
      migrationsTable: 'pgmigrations',
      checkOrder: false,
      direction,
      file,
    }
    await runner({ ...options, databaseUrl: url.href, log: () => {} })
  }

  return {
    url: url.href,
    query: ask,

    migration: (file, isReversible) => ({
      isReversible,
      up: () => migrate('up', file),
      ...(isReversible && { down: () => migrate('down', file) }),
      async isApplied() {
        const [found] = await ask(`SELECT to_regclass('pgmigrations') IS NOT NULL AS is_there`)
        if (!(found as { is_there: boolean }).is_there) return false
        const rows = await ask(`SELECT 1 FROM pgmigrations WHERE name = '${file}'`)
        return rows.length > 0
      },
    }),

    backup: {
      // The same name at every attempt: one that died half-way is written over.
      async create({ id }) {
        const file = join(directory, `${id.replaceAll(/[^\w.-]/g, '-')}.dump`)
        await run('pg_dump', ['--format=custom', `--file=${file}`, url.href])
        return { file }
      },
      async restore({ backup }) {
        const { file } = backup as { file: string }
        // What the backup does not know of must go, too: it is emptied first, and can be again.
        await empty()
        await run('pg_restore', [
          '--exit-on-error',
          '--single-transaction',
          `--dbname=${url.href}`,
          file,
        ])
      },
    },

    async fingerprint() {
      const { stdout } = await run('pg_dump', [url.href], { maxBuffer: 2 ** 26 })
      // Comments and the random word of newer dumps; and how often a migration was tried is not what they did.
      const isKept = (line: string) => !/^(--|\\(un)?restrict )|pgmigrations_id_seq'/.test(line)
      const kept = stdout.split('\n').filter(isKept).join('\n')
      return createHash('sha256').update(kept).digest('hex').slice(0, 16)
    },

    async drop() {
      await query(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(text)
    return rows as unknown[]
  } finally {
    await client.end()
  }
}
