import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { postgres } from '../services/postgres.ts'
import { describeWith } from '../services/service.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = 'examples/deployment-postgres/main.ts'

/** Runs the example as a reader does; one that fails rejects with what it wrote. */
async function runExample(url: string): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '-C', '@sluice/source', program],
    { cwd: root, env: { ...process.env, DATABASE_URL: url } },
  )
  expect(stderr).toBe('')
  return stdout.split('\n')
}

describeWith(postgres, 'the deployment with a PostgreSQL migration', (service) => {
  it('goes back by the migration, by the backup where there is no way down, and leaves the database as it was', async () => {
    const lines = await runExample(service().url)
    const [first, second, third] = lines
      .join('\n')
      .split('\n\n')
      .map((story) => ({
        story,
        digests: /before (\w+), after (\w+)/.exec(story)?.slice(1) ?? [],
        users: /users (.*)$/m.exec(story)?.[1],
      }))
    const before = JSON.stringify([
      { id: 1, first_name: 'Ada', last_name: 'Lovelace' },
      { id: 2, first_name: 'Grace', last_name: 'Hopper' },
    ])
    for (const one of [first, second]) {
      expect(one?.story).toContain('→ undone')
      expect(one?.story).toContain('migrate is undone')
      // The whole schema and all data, by a dump of each.
      expect(one?.digests[0]).toMatch(/^\w{16}$/)
      expect(one?.digests[1]).toBe(one?.digests[0])
      expect(one?.users).toBe(before)
    }
    expect(third?.story).toContain('→ succeeded')
    expect(third?.digests[1]).not.toBe(third?.digests[0])
    expect(third?.users).toContain('"email":""')
  })

  it('leaves nothing on the server', async () => {
    const client = new Client({ connectionString: service().url })
    await client.connect()
    const { rows } = await client.query(
      "SELECT datname FROM pg_database WHERE datname LIKE 'sluice_example_%'",
    )
    await client.end()
    expect(rows).toEqual([])
  })
})
