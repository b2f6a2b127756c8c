import { type Commit, genesis, type Head, sealCommit } from '@sluice/stores'

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
