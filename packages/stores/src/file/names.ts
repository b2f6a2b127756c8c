import { join } from 'node:path'

/** Wide enough for a commit a millisecond for thirty years, and names sort as their numbers do. */
const digits = 12

/** The file of a commit. */
export function commitPath(directory: string, revision: number): string {
  return join(directory, `${pad(revision)}.json`)
}

/** The file of a snapshot, named for its revision so that an older one never replaces a newer. */
export function snapshotPath(directory: string, revision: number): string {
  return join(directory, `snapshot-${pad(revision)}.json`)
}

/** The file of the nth cut: cuts are numbered, and each number can be taken once. */
export function cutPath(directory: string, generation: number): string {
  return join(directory, `cut-${pad(generation)}.json`)
}

/** What a file name in the directory stands for. */
export type Name =
  | { readonly kind: 'commit' | 'snapshot' | 'cut'; readonly number: number }
  | { readonly kind: 'temporary' | 'foreign' }

/** Reads a file name. */
export function parseName(name: string): Name {
  if (name.startsWith('.') && name.endsWith('.tmp')) return { kind: 'temporary' }
  const match = /^(?:(snapshot|cut)-)?(\d{12,})\.json$/.exec(name)
  if (match === null) return { kind: 'foreign' }
  return { kind: (match[1] ?? 'commit') as 'commit', number: Number(match[2]) }
}

function pad(number: number): string {
  return String(number).padStart(digits, '0')
}
