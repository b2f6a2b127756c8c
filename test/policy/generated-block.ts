import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What stands on a page between `<!-- <name>: generated -->` and `<!-- /<name> -->`. With SLUICE_WRITE_DOCS=1 the page is
 * written anew first, so that a change of the source is carried over by one run of its test.
 */
export function readGeneratedBlock(page: string, name: string, fresh: string): string {
  const path = `${root}/${page}`
  const text = readFileSync(path, 'utf8')
  const [begin, end] = [`<!-- ${name}: generated -->\n`, `<!-- /${name} -->`]
  const from = text.indexOf(begin) + begin.length
  const to = text.indexOf(end)
  if (from < begin.length || to < 0) throw new Error(`${page} has no block ${name}`)
  if (process.env.SLUICE_WRITE_DOCS === undefined) return text.slice(from, to)
  writeFileSync(path, text.slice(0, from) + fresh + text.slice(to))
  return fresh
}
