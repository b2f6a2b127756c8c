import { maxPageBytes } from '../http/wire.ts'
import type { Store } from '../store.ts'

/** The first look: with commits of the largest size, twice what one answer may hold. */
const firstChunk = 8

/** No more at once, however small they are. */
const maxChunk = 200

/**
 * Reads a page of commits as the JSON text of its answer, cut where it would grow too long.
 *
 * The store is asked in chunks that follow the size of what came before, so that a page of large
 * commits is not read into memory a thousand at a time.
 */
export async function readPage(store: Store, after: number, limit: number): Promise<string> {
  const texts: string[] = []
  let bytes = 0
  let largest = maxPageBytes / firstChunk
  let seen = 0
  while (texts.length < limit) {
    const room = Math.max(1, Math.floor((maxPageBytes - bytes) / largest))
    const asked = Math.min(limit - texts.length, room, maxChunk)
    const commits = await store.read(after + texts.length, asked)
    for (const commit of commits) {
      const text = JSON.stringify(commit)
      const size = Buffer.byteLength(text)
      if (texts.length > 0 && bytes + size > maxPageBytes) return pageOf(texts, true)
      texts.push(text)
      bytes += size
      seen = Math.max(seen, size)
    }
    if (commits.length < asked) return pageOf(texts, false)
    largest = seen
  }
  return pageOf(texts, true)
}

function pageOf(texts: readonly string[], more: boolean): string {
  return `{"commits":[${texts.join(',')}],"more":${more}}`
}
