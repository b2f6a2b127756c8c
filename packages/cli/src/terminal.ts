import picocolors from 'picocolors'
import { toJson, withoutCommands } from './text.ts'
import type { World } from './world.ts'

/** Functions that colour a text, or leave it alone where colour is off. */
export type Colors = ReturnType<typeof picocolors.createColors>

/** How output looks, and where it goes. */
export interface Terminal {
  /** Columns to fill: the window's, or Infinity where nobody's window would be overrun. Asked anew after a resize. */
  readonly width: number
  /** Whether somebody sits there who can be asked. */
  readonly isInteractive: boolean
  /** Whether what is printed may be redrawn in place. */
  readonly isLive: boolean
  /** Whether a program reads the output: then nothing but JSON is on it. */
  readonly isJson: boolean
  readonly color: Colors
  /** Prints lines for people; nothing with `--json`. */
  print(...lines: readonly string[]): void
  /** Prints to stderr what is not the answer: progress, remarks. Nothing with `--json`. */
  remark(...lines: readonly string[]): void
  /** Prints the one document of a command; nothing without `--json`. */
  document(value: unknown): void
  /** Prints one line of a stream of documents; nothing without `--json`. */
  record(value: unknown): void
}

/** What is said of the output on the command line. */
export interface TerminalOptions {
  readonly json?: boolean
  /** false: `--no-color`. */
  readonly color?: boolean
}

/** The terminal of a world. */
export function createTerminal(
  { stdin, stdout, stderr, env }: World,
  options: TerminalOptions,
): Terminal {
  const isJson = options.json === true
  const isTTY = stdout.isTTY === true
  const write = (lines: readonly string[]) => `${lines.map(withoutCommands).join('\n')}\n`
  return {
    get width() {
      if (isTTY) return stdout.columns || 80
      const columns = Number(env.COLUMNS)
      return columns > 0 ? columns : Number.POSITIVE_INFINITY
    },
    isInteractive: stdin.isTTY === true && isTTY && !isJson,
    isLive: isTTY && !isJson && env.TERM !== 'dumb',
    isJson,
    color: picocolors.createColors(!isJson && options.color !== false && hasColor(isTTY, env)),
    print(...lines) {
      if (!isJson) stdout.write(write(lines))
    },
    remark(...lines) {
      if (!isJson) stderr.write(write(lines))
    },
    document(value) {
      if (isJson) stdout.write(`${toJson(value, 2)}\n`)
    },
    record(value) {
      if (isJson) stdout.write(`${toJson(value)}\n`)
    },
  }
}

/** https://no-color.org and https://force-color.org: an empty variable says nothing. */
function hasColor(isTTY: boolean, env: World['env']): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return isTTY && env.TERM !== 'dumb'
}
