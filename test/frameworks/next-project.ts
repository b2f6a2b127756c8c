import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureBuilt } from '../packed/build.ts'
import { installAll, packAll } from '../packed/install.ts'
import { freePort } from '../services/process.ts'
import { answering } from './answering.ts'
import { readGuide } from './read-guide.ts'
import { type Begun, createShell } from './shell.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What `create-next-app` installs beside what it writes. */
const others = [
  ...['next', 'react', 'react-dom', 'typescript'],
  ...['@types/node', '@types/react', '@types/react-dom'],
]

/** What `create-next-app` writes. */
const tsconfig = {
  compilerOptions: {
    ...{ target: 'ES2017', lib: ['dom', 'dom.iterable', 'esnext'], allowJs: true },
    ...{ skipLibCheck: true, strict: true, noEmit: true, esModuleInterop: true },
    ...{ module: 'esnext', moduleResolution: 'bundler', resolveJsonModule: true },
    ...{ isolatedModules: true, jsx: 'react-jsx', incremental: true },
    plugins: [{ name: 'next' }],
  },
  include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts'],
  exclude: ['node_modules'],
}

/** The links to the workspace are followed: only this file is not the reader's. */
const nextConfig = `export default { turbopack: { root: '/' } }\n`

export interface NextProject {
  readonly url: string
  /** The lines under a heading, in their order. */
  lines(heading: string): string[]
  /** Types a line and waits for its end. */
  run(line: string): Promise<{ printed: string; exitCode: number }>
  /** Types a line that does not end by itself. */
  start(line: string): Begun
  /** Types a line that starts the server, and waits until it answers. */
  serve(line: string): Promise<Begun>
  /** Ends what a line began, as Ctrl-C does. */
  end(begun: Begun): Promise<void>
  /** Ends what runs, and removes the project. */
  remove(): Promise<void>
}

/** Makes the project of `docs/guides/nextjs.md`, with the tarballs of the workspace in the registry's place. */
export async function createNextProject(): Promise<NextProject> {
  const url = `http://127.0.0.1:${await freePort()}`
  const page = readFileSync(join(root, 'docs/guides/nextjs.md'), 'utf8')
  const { files, sections } = readGuide(
    page.replaceAll('```tsx\n', '```ts\n').replaceAll('http://localhost:3000', url),
  )
  await ensureBuilt(root)
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nextjs-'))
  const project = join(folder, 'shop')
  await installAll(project, join(folder, 'tarballs'), await packAll(root, join(folder, 'tarballs')))
  for (const name of others) await link(`node_modules/${name}`)
  await link('node_modules/.bin/next')
  await write({
    ...files,
    'tsconfig.json': JSON.stringify(tsconfig),
    'next.config.ts': nextConfig,
    'public/favicon.ico': '',
  })
  const shell = createShell(project)
  shell.variables.NEXT_TELEMETRY_DISABLED = '1'
  // Where it is set, the build warns of a cache that it would like to have.
  shell.variables.CI = undefined

  async function link(path: string): Promise<void> {
    await mkdir(dirname(join(project, path)), { recursive: true })
    await symlink(join(root, path), join(project, path))
  }

  async function write(texts: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(texts)) {
      await mkdir(dirname(join(project, name)), { recursive: true })
      await writeFile(join(project, name), text)
    }
  }

  return {
    url,
    lines: (heading) => (sections[heading] ?? []).map(({ line }) => line),
    run: shell.run,
    start: shell.start,
    async serve(line) {
      const { hostname, port } = new URL(url)
      const begun = shell.start(`${line} --hostname ${hostname} --port ${port}`)
      await answering(begun, url)
      return begun
    },
    end: shell.end,
    async remove() {
      await shell.endAll()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
