import { defineConfig } from 'vitepress'
import { faultsOf } from './check-site.ts'
import { copyFiles, linkFiles } from './files.ts'
import { apiSidebar, decisionsSidebar, manualSidebar } from './pages.ts'

export default defineConfig({
  title: 'Sluice',
  description: 'Feature flags and guarded rollouts inside your own Node process.',
  lang: 'en',
  // What each page links to stands in one file, not in every page: there are hundreds.
  metaChunk: true,
  markdown: {
    config: linkFiles,
    anchor: { slugify },
    // HAProxy's configuration: highlighted by no grammar that comes along.
    languageAlias: { conf: 'ini', console: 'shellsession' },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guides', link: '/guides/first-flag', activeMatch: '^/guides/' },
      { text: 'Manual', link: '/flags', activeMatch: '^/(?!guides/|api/|decisions/).' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Decisions', link: '/decisions/', activeMatch: '^/decisions/' },
    ],
    sidebar: {
      '/': manualSidebar(),
      '/decisions/': decisionsSidebar(),
      '/api/': apiSidebar(),
    },
  },
  buildEnd({ outDir }) {
    copyFiles(outDir)
    const faults = faultsOf(outDir)
    if (faults.length > 0) throw new Error(`the site has faults:\n${faults.join('\n')}`)
  },
})

/** As GitHub names a heading, so that a link holds in the repository and on the site. */
function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-')
}
