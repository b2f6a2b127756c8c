/**
 * Writes the API reference of every package entry to docs/api, from the docstrings.
 *
 * Ends with 1, naming each, when an entry or an exported name has no docstring, or TypeDoc warns.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { Application, type DeclarationReflection, ReflectionType } from 'typedoc'
import { MarkdownPageEvent, type PluginOptions } from 'typedoc-plugin-markdown'

/** From the bottom of the house up: a name that several packages export is described where it lives. */
const packages = ['core', 'guards', 'stores', 'rollout', 'sdk', 'cli']

const unlisted = readdirSync('packages').filter((name) => !packages.includes(name))
if (unlisted.length > 0) throw new Error(`list ${unlisted} in docs/.vitepress/api.ts`)

const entries = packages.flatMap(entriesOf)
const pages: Partial<PluginOptions> = {
  entryFileName: 'index',
  router: 'module',
  hidePageHeader: true,
  excludeScopesInPaths: true,
  useCustomAnchors: true,
  useCodeBlocks: true,
  indexFormat: 'table',
  parametersFormat: 'table',
}
const app = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: entries.map(({ source }) => source),
  sortEntryPoints: false,
  tsconfig: 'tsconfig.json',
  // `npm run check:types` has done it.
  skipErrorChecking: true,
  excludeExternals: true,
  excludePrivate: true,
  excludeInternal: true,
  // There is no public repository to link to yet.
  disableSources: true,
  readme: 'none',
  name: 'API',
  out: 'docs/api',
  validation: { invalidLink: true, notExported: false },
  ...pages,
})
app.renderer.on(MarkdownPageEvent.END, (page: MarkdownPageEvent) => {
  page.contents = withoutSmallHeadings(asTable(page.contents ?? ''))
})
const project = await app.convert()
if (project === undefined) throw new Error('TypeDoc could not read the packages')

const undocumented: string[] = []
for (const [index, module] of (project.children ?? []).entries()) {
  module.name = entries[index]?.name ?? module.name
  if (!module.hasComment()) undocumented.push(`${module.name}: what it is, behind @module`)
  for (const exported of module.children ?? []) {
    if (!isDocumented(exported)) undocumented.push(`${module.name}: ${exported.name}`)
  }
}
app.validate(project)
rmSync('docs/api', { recursive: true, force: true })
await app.generateOutputs(project)

for (const name of undocumented) process.stderr.write(`no docstring: ${name}\n`)
if (undocumented.length > 0 || app.logger.hasWarnings() || app.logger.hasErrors()) {
  process.exitCode = 1
}

/** What an entry exports from elsewhere: a row each, instead of a chapter. */
function asTable(page: string): string {
  const [own = '', references] = page.split('\n## References\n')
  if (references === undefined) return page
  const rows = [...references.matchAll(/^### (\S+)\n\n(?:Re-exports|Renames.*?) (\[.+\))$/gm)]
  const table = rows.map(([, name, link]) => `| \`${name}\` | ${link} |`)
  return `${own}\n## Also exported\n\n| name | described at |\n|---|---|\n${table.join('\n')}\n`
}

/** `Parameters`, `Returns` and the like, which nothing links to: a hit of the search is a member, not a part of it. */
function withoutSmallHeadings(page: string): string {
  return page.replace(/^#{3,6} ((?:(?! \{#).)+)$/gm, '**$1**')
}

interface Entry {
  /** What an application imports: `@sluice/sdk/react`. */
  readonly name: string
  readonly source: string
}

function entriesOf(folder: string): Entry[] {
  const manifest = JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8')) as {
    name: string
    exports: Record<string, string | Record<string, unknown>>
  }
  return Object.entries(manifest.exports).flatMap(([path, target]) => {
    const source = typeof target === 'string' ? undefined : target['@sluice/source']
    if (typeof source !== 'string') return []
    return [
      {
        name: manifest.name + path.slice(1),
        source: `packages/${folder}/${source.slice(2)}`,
      },
    ]
  })
}

/** A function's docstring stands at its signatures; one re-exported is described elsewhere. */
function isDocumented(exported: DeclarationReflection): boolean {
  if (exported.isReference() || exported.hasComment()) return true
  const inType =
    exported.type instanceof ReflectionType ? exported.type.declaration.signatures : undefined
  return [...(exported.signatures ?? []), ...(inType ?? [])].some((one) => one.hasComment())
}
