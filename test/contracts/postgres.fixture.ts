import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Commit, genesis, type Head, sealCommit } from '@sluice/stores'
import {
  createPostgresStore,
  type PostgresPool,
  type PostgresStore,
  type PostgresStoreOptions,
} from '@sluice/stores/postgres'
import { build } from 'esbuild'
import { Pool, type PoolConfig } from 'pg'
import { afterAll, afterEach } from 'vitest'
import type { Service } from '../services/service.ts'

/** Pools and stores on a private server, closed after each test. */
export interface Database {
  /** A pool of its own, as another process has it. Its loss of connections goes unheard. */
  pool(config?: PoolConfig): Pool
  /** A table that no other test uses. */
  newTable(): string
  /** A store over a table with its schema; over a new one by default. */
  open(options?: Partial<PostgresStoreOptions>): Promise<PostgresStore>
  /** Runs a statement as the superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

export function useDatabase(service: () => Service): Database {
  const pools: Pool[] = []
  const stores: PostgresStore[] = []
  let tables = 0
  let admin: Pool | undefined

  const pool = (config: PoolConfig = {}) => {
    const created = new Pool({ connectionString: service().url, ...config })
    pools.push(created)
    return created
  }

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    await Promise.all(pools.splice(0).map((each) => each.end()))
  })
  afterAll(async () => {
    await admin?.end()
  })

  const newTable = () => {
    tables += 1
    return `log_${tables}`
  }

  return {
    pool,
    newTable,
    async open(options = {}) {
      const handedIn: PostgresPool = options.pool ?? pool()
      const store = createPostgresStore({ table: newTable(), ...options, pool: handedIn })
      stores.push(store)
      await store.createSchema()
      return store
    },
    async sql(text, values) {
      if (admin === undefined) {
        admin = new Pool({ connectionString: service().url, max: 1 })
        admin.on('error', () => {})
      }
      return (await admin.query(text, values)).rows
    },
  }
}

/** The commit after a head, with something of its own in it. */
export function commitAfter(head: Head, value: string | number = 1): Commit {
  const changes = [{ key: 'flag/one', value }]
  return sealCommit({ actor: 'ann', action: 'set_flag', reason: 'a test', changes }, head, 1_000)
}

/** Commits that follow one another, from the first. */
export function chainOf(count: number): Commit[] {
  const commits: Commit[] = []
  while (commits.length < count) commits.push(commitAfter(commits.at(-1) ?? genesis))
  return commits
}

/** Waits for what must come true, however slow the machine; the test's own limit ends it. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Runs a program in a process and a folder of its own, and gives what it printed. */
export async function runProgram(code: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-postgres-program-'))
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: code,
        loader: 'ts',
        resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      conditions: ['@sluice/source'],
      external: ['pg-native'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
      },
    })
    const program = join(directory, 'program.mjs')
    await writeFile(program, outputFiles[0]?.text ?? '')
    const { stdout } = await promisify(execFile)(process.execPath, [program], {
      cwd: directory,
      env: { ...process.env, ...env },
    })
    return stdout
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
