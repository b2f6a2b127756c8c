import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IPty, spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'
import { bundleSluice } from './bundle-sluice.ts'

/** Widths at which screens are held. */
export const widths = [80, 140] as const

/** What a command is typed in. */
export interface TypeOptions {
  readonly columns: number
  /** Default: 200, so that nothing scrolls away. */
  readonly rows?: number
  /** Beside the few that the harness sets; undefined takes one away. */
  readonly env?: { readonly [name: string]: string | undefined }
  /** The instant that the program's clock shows, ISO 8601. Default: {@link startAt}. */
  readonly at?: string
}

/** When nothing else is said, a command is typed at this instant. */
export const startAt = '2026-03-02T09:00:00Z'

/** How a line ended: what the screen showed, and its exit code. */
interface LineEnd {
  readonly screen: string
  readonly exitCode: number
}

/** A command that runs in a pseudo-terminal. */
export interface Typed {
  /** What the screen shows: its lines up to the last that is not empty, without colours. */
  screen(): Promise<string>
  /** Presses keys. */
  press(keys: string): void
  /** Waits until the screen shows all of some texts. @throws Error with the screen where the program ends before. */
  shows(...texts: string[]): Promise<string>
  resize(columns: number, rows: number): void
  /** The exit code, once the program has ended. */
  readonly exitCode: Promise<number>
  /** How each line of several has ended so far, see {@link Workplace.typeAll}. */
  ends(): Promise<readonly LineEnd[]>
  /** Ends a program that runs still. */
  kill(): void
}

/** A folder of its own with `sluice`, for the tests of a file. */
export interface Workplace {
  /** An empty folder, which commands are typed in. */
  readonly folder: string
  /** Types a command line that begins with `sluice`, and leaves it running. */
  start(line: string, options: TypeOptions): Typed
  /**
   * Types a command line and waits for its end.
   *
   * @returns A transcript: the line behind a prompt, the screen, and the exit code where it is not 0.
   */
  type(line: string, options: TypeOptions): Promise<string>
  /**
   * Types several lines that ask nothing, one after the other, into one pseudo-terminal and one process: for the
   * screens alone, since a process for each costs most of the time.
   *
   * @returns A transcript of each.
   */
  typeAll(
    lines: readonly (Pick<TypeOptions, 'env' | 'at'> & { readonly line: string })[],
    options: TypeOptions,
  ): Promise<string[]>
  /** Ends what still runs and removes the folder: for the end of a test file. */
  remove(): Promise<void>
}

/** Makes a workplace for the one bundle of `sluice` that all test files share. */
export async function createWorkplace(): Promise<Workplace> {
  const program = await bundleSluice()
  const folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'))
  const running = new Set<Typed>()
  const start: Workplace['start'] = (line, options) => {
    const typed = startIn(folder, program, wordsOf(line), options)
    running.add(typed)
    void typed.exitCode.then(() => running.delete(typed))
    return typed
  }
  const transcript = (line: string, screen: string, exitCode: number) => {
    const shown = screen.replaceAll(folder, '/shop')
    return `$ ${line}\n${shown}${shown === '' ? '' : '\n'}${exitCode === 0 ? '' : `[exit ${exitCode}]\n`}`
  }
  return {
    folder,
    start,
    async type(line, options) {
      const typed = start(line, options)
      const exitCode = await typed.exitCode
      return transcript(line, await typed.screen(), exitCode)
    },
    async typeAll(lines, options) {
      const typed = lines.map(({ line, env = {}, at = options.at ?? startAt }) => ({
        ...{ words: wordsOf(line).slice(1), at, env },
      }))
      const env = { ...options.env, SLUICE_TEST_LINES: JSON.stringify(typed) }
      const all = start('sluice', { ...options, env })
      await all.exitCode
      const ends = await all.ends()
      if (ends.length !== lines.length) throw new Error(`It ended early: ${await all.screen()}`)
      return ends.map(({ screen, exitCode }, index) =>
        transcript(lines[index]?.line ?? '', screen, exitCode),
      )
    },
    async remove() {
      for (const typed of running) typed.kill()
      await Promise.all([...running].map(({ exitCode }) => exitCode))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startIn(
  cwd: string,
  program: string,
  words: readonly string[],
  { columns, rows = 200, env = {}, at = startAt }: TypeOptions,
): Typed {
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
  const pty: IPty = spawn(process.execPath, ['-C', '@sluice/source', program, ...words.slice(1)], {
    ...{ name: 'xterm-256color', cols: columns, rows, cwd },
    env: {
      ...{ PATH: process.env.PATH, HOME: cwd, TERM: 'xterm-256color', SLUICE_TEST_AT: at },
      ...{ SLUICE_ACTOR: 'ada', GIT_CONFIG_NOSYSTEM: '1', SLUICE_TEST_PTY: '1' },
      ...env,
    },
  })
  let isOver = false
  let written: Promise<void> = Promise.resolve()
  const changes = new Set<() => void>()
  const tellChange = () => {
    for (const tell of changes) tell()
  }
  pty.onData((data) => {
    const drawn = new Promise<void>((done) => screen.write(data, done))
    written = written.then(() => drawn).then(tellChange)
  })
  const exitCode = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode: code }) => {
      isOver = true
      resolve(code)
      tellChange()
    })
  })
  const readNow = () => {
    const { active } = screen.buffer
    const lines = Array.from({ length: active.length }, (_, index) =>
      (active.getLine(index)?.translateToString(true) ?? '').trimEnd(),
    )
    return lines.join('\n').trimEnd()
  }
  const ends: LineEnd[] = []
  screen.parser.registerOscHandler(777, (code) => {
    ends.push({ screen: readNow(), exitCode: Number(code) })
    return true
  })
  // All is read: the program may end.
  screen.parser.registerOscHandler(778, () => {
    pty.write('\r')
    return true
  })
  const read = async () => {
    await written
    return readNow()
  }
  return {
    screen: read,
    press: (keys) => pty.write(keys),
    async shows(...texts) {
      for (;;) {
        const change = new Promise<void>((resolve) => {
          changes.add(resolve)
        })
        const wasOver = isOver
        const now = await read()
        if (texts.every((text) => now.includes(text))) return now
        if (wasOver)
          throw new Error(`The program ended without showing ${texts.join(', ')}:\n${now}`)
        await change
        changes.clear()
      }
    },
    resize(newColumns, newRows) {
      screen.resize(newColumns, newRows)
      pty.resize(newColumns, newRows)
    },
    exitCode,
    async ends() {
      await written
      return ends
    },
    kill: () => {
      if (!isOver) pty.kill('SIGKILL')
    },
  }
}

/** The words of a command line, as a shell would split it: quotes group, and nothing else is special. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
}
