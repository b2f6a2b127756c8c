import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * What is wrong with a built site: links that lead nowhere, to a page or to a heading, and anything
 * that a browser would load from another host.
 *
 * @returns One line for each.
 */
export function faultsOf(site: string): string[] {
  const pages = new Map(
    readdirSync(site, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.html'))
      .map((name) => [name, readFileSync(join(site, name), 'utf8')]),
  )
  const anchors = new Map(
    [...pages].map(([name, html]) => [
      name,
      new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id)),
    ]),
  )

  const faults: string[] = []
  for (const [name, html] of pages) {
    const links = [...html.matchAll(/<a [^>]*?href="([^"]+)"/g)].map(([, href = '']) => href)
    for (const href of new Set(links)) {
      const [path = '', anchor = ''] = href.replaceAll('&amp;', '&').split('#')
      if (/^[a-z]+:/.test(path)) continue
      const target = path === '' ? name : fileOf(path, name)
      if (!existsSync(join(site, target))) faults.push(`${name}: no page ${href}`)
      else if (anchor !== '' && anchors.get(target)?.has(decodeURIComponent(anchor)) === false)
        faults.push(`${name}: no heading ${href}`)
    }
    for (const [tag] of html.matchAll(/<(?:script|link|img|iframe|source)\b[^>]*>/g)) {
      if (/(?:src|href)="(?:https?:)?\/\//.test(tag)) faults.push(`${name}: loads ${tag}`)
    }
  }
  for (const name of readdirSync(site, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.css')) continue
    for (const [url] of readFileSync(join(site, name), 'utf8').matchAll(
      /(?:url\(["']?|@import ["'])(?:https?:)?\/\/[^"')]*/g,
    ))
      faults.push(`${name}: loads ${url}`)
  }
  return faults
}

function fileOf(path: string, from: string): string {
  const file = path.startsWith('/') ? path.slice(1) : join(dirname(from), path)
  return file === '' || file.endsWith('/') ? `${file}index.html` : file
}
