import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const docs = fileURLToPath(new URL('..', import.meta.url))

interface Item {
  readonly text: string
  readonly link: string
}

interface Group {
  readonly text: string
  readonly collapsed?: boolean
  readonly items: Item[]
}

const manual: Record<string, readonly string[]> = {
  Guides: [
    'guides/first-flag',
    'guides/move-a-percentage',
    'guides/guard-a-service',
    'guides/approve',
    'guides/roll-back',
    'guides/express',
    'guides/fastify',
    'guides/nextjs',
    'guides/testing',
    'guides/migrate-a-flag-table',
  ],
  Flags: [
    'flags',
    'request-scope',
    'browser',
    'react',
    'openfeature',
    'telemetry',
    'testing',
    'typed-flags',
    'lifecycle',
  ],
  Guards: [
    'guards',
    'guards/recorder',
    'guards/middleware',
    'guards/sources',
    'guards/gauges-and-checks',
    'guards/forecast',
    'guards/alerts',
    'guards/derivation',
  ],
  Rollouts: [
    'rollouts',
    'policy',
    'approvals',
    'promotion',
    'traffic',
    'traffic/haproxy',
    'blue-green',
    'rolling',
    'deployments',
    'deployments/ci',
    'reports',
  ],
  Stores: [
    'stores',
    'stores/redis',
    'stores/postgres',
    'stores/nats',
    'stores/http',
    'write-your-own-store',
  ],
  Operate: ['cli', 'cli/rollouts', 'runbook'],
  Background: ['architecture', 'bucketing', 'benchmarks', 'glossary', 'decisions/index'],
}

/** The side of every page of the manual: each page stands in it once. */
export function manualSidebar(): Group[] {
  refuseUnlisted()
  return Object.entries(manual).map(([text, names]) => ({
    text,
    items: names.map(itemOf),
  }))
}

/** The decisions in the order they were made. */
export function decisionsSidebar(): Group[] {
  const names = pagesIn('decisions').filter((name) => name !== 'decisions/index')
  return [{ text: 'Decisions', items: [itemOf('decisions/index'), ...names.map(itemOf)] }]
}

/** The entries of each package, as `npm run docs:api` has listed them. An entry's page has all its exports. */
export function apiSidebar(): Group[] {
  const index = join(docs, 'api/index.md')
  if (!existsSync(index)) throw new Error('there is no docs/api: type npm run docs:api')
  const groups = new Map<string, Item[]>()
  for (const [, name = '', page = ''] of readFileSync(index, 'utf8').matchAll(
    /^\| \[(@sluice\/[^\]]+)\]\((.+)\.md\)/gm,
  )) {
    const text = name.split('/').slice(0, 2).join('/')
    groups.set(text, [...(groups.get(text) ?? []), { text: name, link: `/api/${page}` }])
  }
  return [...groups].map(([text, items]) => ({ text, items }))
}

function itemOf(name: string): Item {
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(docs, `${name}.md`), 'utf8')) ?? []
  if (title === undefined) throw new Error(`docs/${name}.md has no title`)
  return { text: title.replaceAll('`', ''), link: `/${name.replace(/index$/, '')}` }
}

function refuseUnlisted(): void {
  const listed = new Set(Object.values(manual).flat())
  const unlisted = pagesIn('').filter(
    (name) => !/^(index$|api\/|decisions\/)/.test(name) && !listed.has(name),
  )
  if (unlisted.length > 0) {
    throw new Error(`no link leads to ${unlisted}: list them in docs/.vitepress/pages.ts`)
  }
}

function pagesIn(folder: string): string[] {
  return readdirSync(join(docs, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('.'))
    .map((name) => join(folder, name.slice(0, -'.md'.length)))
    .sort()
}
