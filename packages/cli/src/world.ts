import type { Clock } from '@sluice/stores'

/** Where output goes: the part of a writable stream that is used. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** Where keys come from: the part of `process.stdin` that is used. */
export interface InputStream extends NodeJS.ReadableStream {
  readonly isTTY?: boolean | undefined
  setRawMode?(isRaw: boolean): unknown
}

/** What a command sees of the machine; handed in, so that a test can run one in its own process. */
export interface World {
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: { readonly [name: string]: string | undefined }
  /** The folder that relative paths start from. */
  readonly cwd: string
  readonly clock: Clock
  /**
   * Aborted when the user presses Ctrl-C or the process is told to end; with {@link unread} as its reason where
   * nobody reads the output any more.
   */
  readonly signal: AbortSignal
  /** Rejects where what runs is not waited for any longer. Default: it is waited for for ever. */
  readonly givenUp?: Promise<never>
}

/** Why a command that only tells need not go on: the reader has gone, as `head` does. */
export const unread = new Error('nobody reads the output any more')
