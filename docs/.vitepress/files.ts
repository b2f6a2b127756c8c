import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MarkdownRenderer } from 'vitepress'

const root = fileURLToPath(new URL('../..', import.meta.url))
const docs = join(root, 'docs')

/** Files of the repository that pages link to, relative to its root. */
const linked = new Set<string>()

/** Lets a page link to a file outside of docs: the site carries a copy as text. */
export function linkFiles(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('files', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href === null || !href.startsWith('.')) continue
      const file = relative(root, resolve(docs, dirname(env.relativePath), href))
      if (file.startsWith('docs')) continue
      linked.add(file)
      token.attrSet('href', `/files/${file}.txt`)
      token.attrSet('target', '_self')
    }
  })
}

export function copyFiles(site: string): void {
  for (const file of linked) {
    const copy = join(site, 'files', `${file}.txt`)
    mkdirSync(dirname(copy), { recursive: true })
    copyFileSync(join(root, file), copy)
  }
}
