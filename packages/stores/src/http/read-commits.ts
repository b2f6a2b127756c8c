import { SluiceError } from '@sluice/core'
import { isCommit } from '../shape.ts'
import type { Commit } from '../store.ts'
import { inconsistent } from './answer-errors.ts'
import type { HttpClient } from './client.ts'
import { maxBodyBytes, maxPageBytes, maxPageCommits, wirePaths } from './wire.ts'

/**
 * Reads commits page by page, until there are `limit` of them or no more.
 *
 * @throws SluiceError `corrupt_commit` for an entry that is no commit; `store_inconsistent` where a
 * page is none, has a gap, or holds more than was asked for.
 */
export async function readCommits(
  client: HttpClient,
  after: number,
  limit: number,
): Promise<Commit[]> {
  const commits: Commit[] = []
  while (commits.length < limit) {
    const asked = Math.min(limit - commits.length, maxPageCommits)
    const page = await readPage(client, after + commits.length, asked)
    for (const commit of page.commits) commits.push(commit)
    if (!page.more || page.commits.length === 0) break
  }
  return commits
}

interface Page {
  readonly commits: readonly Commit[]
  /** Whether the server ended the page before the log or the limit did. */
  readonly more: boolean
}

async function readPage(client: HttpClient, after: number, asked: number): Promise<Page> {
  const path = `${wirePaths.commits}?after=${after}&limit=${asked}`
  const body = await client.call({ path, maxBytes: 2 * maxPageBytes + maxBodyBytes })
  const { commits, more } = (body ?? {}) as Partial<Page>
  if (!Array.isArray(commits) || typeof more !== 'boolean') {
    throw inconsistent(client.server, 'something else than a page of commits')
  }
  if (commits.length > asked) {
    throw inconsistent(client.server, `${commits.length} commits, asked for ${asked}`)
  }
  commits.forEach((commit: unknown, index) => {
    const expected = after + index + 1
    if (!isCommit(commit)) {
      const message = `The Sluice server at ${client.server} gave no commit for revision ${expected}: restore it there from a backup.`
      throw new SluiceError('corrupt_commit', message)
    }
    if (commit.revision !== expected) {
      throw inconsistent(client.server, `revision ${commit.revision} in place of ${expected}`)
    }
  })
  return { commits, more }
}
