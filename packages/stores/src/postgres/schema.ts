import { genesis } from '../chain.ts'
import type { Ask } from './client.ts'
import { type Names, nameTables } from './names.ts'

/**
 * The SQL that creates a store's tables, for teams that run their migrations themselves.
 *
 * Idempotent. What it leaves is what `createSchema()` leaves.
 *
 * @param table As in the options of the store. The schema in it must exist. Default: `sluice_log`.
 */
export function postgresSchema(table = 'sluice_log'): string {
  return schemaOf(nameTables(table))
}

/**
 * Creates what is missing. Where nothing is, it asks for no more rights than the store itself.
 *
 * Of many processes that call it at once one creates, and the others find it done.
 */
export async function createSchema(ask: Ask, names: Names): Promise<void> {
  const { schema, commits, cut, snapshot, exchange } = names
  const { rows } = await ask(
    'look for the tables',
    `SELECT count(to_regclass(name)) = 4 AS "isThere",
       $2::text IS NOT NULL AND to_regnamespace($2::text) IS NULL AS "lacksSchema"
     FROM unnest($1::text[]) AS name`,
    [[commits, cut, snapshot, exchange], schema ?? null],
  )
  const { isThere, lacksSchema } = rows[0] as { isThere: boolean; lacksSchema: boolean }
  if (isThere) return
  // IF NOT EXISTS alone does not help two that create at the same moment: one would fail.
  await ask(
    'create the tables',
    `BEGIN ISOLATION LEVEL READ COMMITTED;
     SELECT pg_advisory_xact_lock(hashtext('sluice_schema'));
     ${lacksSchema ? `CREATE SCHEMA IF NOT EXISTS ${schema};` : ''}
     ${schemaOf(names)}
     COMMIT`,
  )
}

function schemaOf({ commits, cut, snapshot, exchange }: Names): string {
  return `CREATE TABLE IF NOT EXISTS ${commits} (
  revision bigint PRIMARY KEY CHECK (revision > 0),
  body text NOT NULL
);
CREATE TABLE IF NOT EXISTS ${cut} (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  revision bigint NOT NULL,
  hash text NOT NULL
);
INSERT INTO ${cut} (revision, hash)
  VALUES (0, '${genesis.hash}')
  ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS ${snapshot} (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  revision bigint NOT NULL,
  body text NOT NULL
);
CREATE UNLOGGED TABLE IF NOT EXISTS ${exchange} (
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL,
  until timestamptz NOT NULL
) WITH (fillfactor = 50);
`
}
