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
 * A name as it is compared: `Ann`, `ann ` and `ＡＮＮ` are one person, however they were typed.
 *
 * Invisible characters are left out, for they make two names of one in no eye but a computer's.
 */
export function foldName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Cc}]/gu, '')
    .trim()
    .toLowerCase()
}

/** Whether two names mean one person. */
export function isSamePerson(one: string, other: string): boolean {
  return foldName(one) === foldName(other)
}

/**
 * A directory over a plain record, or the application's own.
 *
 * @throws SluiceError `invalid_directory` where a record names one person twice.
 */
export function toDirectory(given: Directory | DirectoryRecord): Directory {
  if (isDirectory(given)) return given
  const roles = new Map<string, readonly string[]>()
  for (const [name, held] of Object.entries(given)) {
    const folded = foldName(name)
    if (roles.has(folded) || folded === '') {
      throw new SluiceError(
        'invalid_directory',
        `The directory names ${JSON.stringify(name)} twice, or names nobody: give each person one entry.`,
        { pointer: `/${name}`, expected: 'each person once', found: JSON.stringify(name) },
      )
    }
    roles.set(folded, held)
  }
  const names = Object.keys(given)
  return { rolesOf: (actor) => roles.get(foldName(actor)) ?? [], everyone: () => names }
}

function isDirectory(given: Directory | DirectoryRecord): given is Directory {
  return typeof (given as Partial<Directory>).rolesOf === 'function'
}
