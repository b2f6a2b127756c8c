import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { faultsOf } from '../docs/.vitepress/check-site.ts'

const site = mkdtempSync(join(tmpdir(), 'sluice-site-'))
afterEach(() => rmSync(site, { recursive: true, force: true }))

describe('the check of the built site', () => {
  it('finds nothing where all links lead somewhere', () => {
    const faults = faultsWith({
      'a.html': '<h2 id="x"></h2><a href="https://example.com">elsewhere</a>',
      'guides/b.html': '<a class="q" href="../a.html#x">up</a><a href="#">top</a>',
    })
    expect(faults).toEqual([])
  })

  it.each([
    ['a page that is not there', '<a href="/no.html">', 'a.html: no page /no.html'],
    ['a heading that is not there', '<p id="x"><a href="#y">', 'a.html: no heading #y'],
    ['a script from elsewhere', '<script src="https://cdn.example/x.js">', 'a.html: loads <script'],
    ['a style from elsewhere', '<link href="//fonts.example/x">', 'a.html: loads <link'],
    ['an image from elsewhere', '<img src="http://i.example/a.png">', 'a.html: loads <img'],
  ])('finds %s', (_what, html, fault) => {
    expect(faultsWith({ 'a.html': html })).toEqual([expect.stringContaining(fault)])
  })

  it('finds a heading that another page does not have', () => {
    const faults = faultsWith({ 'a.html': '', 'guides/b.html': '<a href="./../a.html#y">' })
    expect(faults).toEqual(['guides/b.html: no heading ./../a.html#y'])
  })

  it.each(['@font-face{src:url(https://f.example/a.woff2)}', '@import "//f.example/a.css";'])(
    'finds what a style sheet loads from elsewhere: %s',
    (css) => {
      expect(faultsWith({ 's.css': css })).toEqual([expect.stringContaining('s.css: loads')])
    },
  )
})

function faultsWith(files: Readonly<Record<string, string>>): string[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(site, dirname(name)), { recursive: true })
    writeFileSync(join(site, name), text)
  }
  return faultsOf(site)
}
