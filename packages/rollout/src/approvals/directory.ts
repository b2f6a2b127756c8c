import { SluiceError } from '@sluice/core'

/** Who has which role. Answers at once, from memory. */
export interface Directory {
  /** The roles of a person; empty for somebody unknown. */
  rolesOf(actor: string): readonly string[]
  /** Everyone of the team: whose consensus a breaking change needs. */
  everyone(): readonly string[]
}

/** Roles by person: `{ 'ann@example.com': ['team_lead'] }`. Everyone named in it is the team. */
export type DirectoryRecord = Readonly<Record<string, readonly string[]>>

/**
 * A name as it is compared where one person must not be two: `Ann`, `ann ` and `ＡＮＮ` are one, however they were typed.
 *
 * Invisible characters are left out, for they make two names of one in no eye but a computer's. They go first: one that
 * stands within a letter keeps it from being put together.
 */
export function foldName(name: string): string {
  const visible = name.replace(/[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, '')
  const spaced = visible.normalize('NFKC').replace(/\s+/gu, ' ').trim()
  // Up and down again: letters that differ only in lower case, such as the two small sigmas, become one.
  return spaced.toUpperCase().toLowerCase()
}

/** Whether two names mean one person. */
export function isSamePerson(one: string, other: string): boolean {
  return foldName(one) === foldName(other)
}

/**
 * Whether a name is that of an account: what gives somebody a say is compared more strictly than what takes it away, so
 * that nobody gets the roles of another by a name that only looks the same.
 */
export function isSameAccount(one: string, other: string): boolean {
  return accountOf(one) === accountOf(other)
}

function accountOf(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}

/**
 * A directory over a plain record, or the application's own.
 *
 * @throws SluiceError `invalid_directory` where a record names one person twice.
 */
export function toDirectory(given: Directory | DirectoryRecord): Directory {
  if (isDirectory(given)) return given
  const people = new Set<string>()
  const roles = new Map<string, readonly string[]>()
  for (const [name, held] of Object.entries(given)) {
    const folded = foldName(name)
    if (people.has(folded) || folded === '') {
      throw new SluiceError(
        'invalid_directory',
        `The directory names ${JSON.stringify(name)} twice, or names nobody: give each person one entry.`,
        { pointer: `/${name}`, expected: 'each person once', found: JSON.stringify(name) },
      )
    }
    people.add(folded)
    roles.set(accountOf(name), held)
  }
  const names = Object.keys(given)
  return { rolesOf: (actor) => roles.get(accountOf(actor)) ?? [], everyone: () => names }
}

function isDirectory(given: Directory | DirectoryRecord): given is Directory {
  return typeof (given as Partial<Directory>).rolesOf === 'function'
}
