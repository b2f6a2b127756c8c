import type { Terminal } from './terminal.ts'
import type { World } from './world.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  readonly store?: string
  readonly env?: string
  readonly json?: boolean
  readonly yes?: boolean
  readonly as?: string
  readonly config?: string
  /** false: `--no-color`. */
  readonly color?: boolean
}

/** What a command is run with. */
export interface Context {
  readonly world: World
  readonly terminal: Terminal
  readonly globals: GlobalOptions
}

/** Why something is changed: `--reason`, `--ticket`. */
export interface NoteOptions {
  readonly reason?: string
  readonly ticket?: string
}
