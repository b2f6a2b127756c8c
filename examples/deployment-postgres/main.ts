// A deployment changes a PostgreSQL database, finds in its smoke tests that the new version does not work, and goes back: by the
// migration's way down where there is one, else by restoring the backup that it made. Real migrations (node-pg-migrate),
// a real pg_dump. Without DATABASE_URL it starts a server of its own.
//
//   node --import tsx -C @sluice/source examples/deployment-postgres/main.ts
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReplica } from '@sluice/sdk'
import { createMemoryStore } from '@sluice/stores/memory'
import { createDatabase, type Database } from './database.ts'
import { deployRelease, type Release } from './release.ts'
import { openServer } from './server.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const failures: string[] = []

const email = { file: '1700000000002_add-email', isReversible: true }
const broken: Release = {
  version: 'v2.0.0',
  changes: ['Users have an e-mail address'],
  migration: email,
  // The column is called email.
  criticalQuery: 'SELECT e_mail FROM users',
}
const irreversible: Release = {
  version: 'v3.0.0',
  changes: ['One name instead of two'],
  migration: { file: '1700000000003_one-name', isReversible: false },
  criticalQuery: 'SELECT full_name FROM users',
}
const good: Release = { ...broken, version: 'v2.0.1', criticalQuery: 'SELECT email FROM users' }

const directory = await mkdtemp(join(tmpdir(), 'sluice-deployment-'))
const server = await openServer(process.env.DATABASE_URL)
const database = await createDatabase(server.url, directory, process.argv[2])
const replica = createReplica({ store: createMemoryStore() })

try {
  await database.migration('1700000000001_create-users', true).up({} as never)
  await database.query(
    `INSERT INTO users (first_name, last_name) VALUES ('Ada', 'Lovelace'), ('Grace', 'Hopper')`,
  )

  say('A release whose smoke test fails; its migration goes down again')
  await play(broken, { mustEnd: 'undone', mustChange: false })
  say('One that cannot be reversed; the backup is restored')
  await play(irreversible, { mustEnd: 'undone', mustChange: false })
  say('The first one, mended')
  await play(good, { mustEnd: 'succeeded', mustChange: true })
} catch (error) {
  failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
} finally {
  await replica.close()
  await database.drop()
  await server.close()
  await rm(directory, { recursive: true, force: true })
}
for (const failure of failures) say(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

/** Deploys, and compares the whole schema and all data with what was there before. */
async function play(
  release: Release,
  { mustEnd, mustChange }: { mustEnd: string; mustChange: boolean },
): Promise<void> {
  const before = await describe(database)
  const phase = await deployRelease(release, { replica, database, say })
  const after = await describe(database)
  say(`  → ${phase}; database before ${before.digest}, after ${after.digest}`)
  say(`  → users ${JSON.stringify(after.users)}\n`)
  if (phase !== mustEnd) failures.push(`${release.version} should be ${mustEnd}, it is ${phase}`)
  if ((before.digest !== after.digest) !== mustChange) {
    failures.push(`${release.version}: the database is ${mustChange ? 'as it was' : 'another one'}`)
  }
}

async function describe(from: Database): Promise<{ digest: string; users: unknown }> {
  return {
    digest: await from.fingerprint(),
    users: await from.query('SELECT * FROM users ORDER BY id'),
  }
}
