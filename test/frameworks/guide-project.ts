import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureBuilt } from '../packed/build.ts'
import { compileWithNode } from '../packed/compile.ts'
import { installAll, packAll } from '../packed/install.ts'
import { freePort } from '../services/process.ts'
import { answering } from './answering.ts'
import { type Guide, readGuide, type TypedLine } from './read-guide.ts'
import { type Begun, createShell, type Shell } from './shell.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a line that ended has printed, to stdout and stderr, and its exit code. */
export interface Typed extends TypedLine {
  readonly printed: string
  readonly exitCode: number
}

/** A project that is made by a guide, with the tarballs of the workspace in the registry's place. */
export interface GuideProject {
  /** What a strict compiler says against the files of the guides so far. */
  compile(): string[]
  /** Turns to the next guide, and writes its files; returns its headings that something is typed under. */
  turnTo(name: string): Promise<string[]>
  /**
   * Types what stands under a heading, line by line. A line that starts the service ends the one before it, and is over once
   * the service answers; traffic goes on beside; every other line is waited for.
   *
   * @returns The lines that were waited for.
   */
  type(heading: string): Promise<Typed[]>
  /** Ends what runs, and removes the project. */
  remove(): Promise<void>
}

/** Makes the project of `docs/guides/<name>.md`: what the guide installs of others comes from the workspace. */
export async function createGuideProject(name: string): Promise<GuideProject> {
  const port = await freePort()
  const read = (name: string) => {
    const page = readFileSync(join(root, 'docs/guides', `${name}.md`), 'utf8')
    // The guide's service listens where another may listen already.
    return readGuide(page.replaceAll('3000', String(port)))
  }
  let guide = read(name)
  await ensureBuilt(root)
  const folder = await mkdtemp(join(tmpdir(), `sluice-${name}-`))
  const project = join(folder, 'shop')
  await installAll(project, join(folder, 'tarballs'), await packAll(root, join(folder, 'tarballs')))
  const shell = createShell(project)
  await setUp(guide, project, shell)
  await writeFiles(project, guide)
  const files = { ...guide.files }

  let service: Begun | undefined
  const typeLine = async (typed: TypedLine): Promise<Typed[]> => {
    const { line } = typed
    const [, variable, value] = /^export (\w+)=(\S+)$/.exec(line) ?? []
    if (variable !== undefined) {
      shell.variables[variable] = value
    } else if (line.includes('-o /dev/null')) {
      shell.start(line)
    } else if (line.endsWith('tsx server.ts')) {
      await shell.end(service)
      service = shell.start(line)
      await answering(service, `http://localhost:${port}/`)
    } else {
      return [{ ...typed, ...(await shell.run(line)) }]
    }
    return []
  }
  return {
    compile: () => compileWithNode(project, files, 'nodenext', 'declarations'),
    async turnTo(next) {
      guide = read(next)
      await writeFiles(project, guide)
      Object.assign(files, guide.files)
      return Object.keys(guide.sections).filter((heading) => guide.sections[heading]?.length)
    },
    async type(heading) {
      const lines = guide.sections[heading]
      if (lines === undefined) throw new Error(`The guide has no heading "${heading}"`)
      const ended: Typed[] = []
      for (const line of lines) ended.push(...(await typeLine(line)))
      return ended
    },
    async remove() {
      await shell.endAll()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Does what the guide says first, but for `npm install`: the tarballs are there, and other packages are linked. */
async function setUp({ setUp }: Guide, project: string, shell: Shell): Promise<void> {
  for (const line of setUp) {
    const [, names] = /^npm install (?:--save-dev )?(.*)$/.exec(line) ?? []
    if (names === undefined) {
      const { exitCode, printed } = await shell.run(line)
      if (exitCode !== 0) throw new Error(`${line}: ${printed}`)
    } else {
      const others = names.split(' ').filter((name) => !name.startsWith('@sluice/'))
      for (const name of others) await linkPackage(project, name)
    }
  }
}

async function writeFiles(project: string, { files }: Guide): Promise<void> {
  for (const [name, code] of Object.entries(files)) await writeFile(join(project, name), code)
}

async function linkPackage(project: string, name: string): Promise<void> {
  const target = join(root, 'node_modules', name)
  const link = join(project, 'node_modules', name)
  await mkdir(dirname(link), { recursive: true })
  await symlink(target, link)
  const { bin = {} } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as {
    bin?: string | Record<string, string>
  }
  const programs = typeof bin === 'string' ? { [name]: bin } : bin
  for (const [program, path] of Object.entries(programs)) {
    await symlink(join(target, path), join(project, 'node_modules/.bin', program))
  }
}
