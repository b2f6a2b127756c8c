/** What `sluice` ends with: a contract for scripts, described in docs/cli.md. */
export const exitCodes = {
  done: 0,
  /** Refused, or failed: the error says which. */
  failed: 1,
  /** A difference was found where none was expected: `apply --check`. */
  different: 2,
  /** Typed wrongly: nothing was tried. */
  usage: 3,
  /** The store cannot be reached, or will not let us in. */
  unreachable: 4,
  /** Ctrl-C, as shells report it: 128 + SIGINT. */
  interrupted: 130,
} as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Codes of errors in what was typed, or in a file that was named. */
const usageCodes: ReadonlySet<string> = new Set([
  'unknown_command',
  'unknown_option',
  'invalid_usage',
  'confirmation_required',
  'flag_not_found',
  'store_not_named',
  'invalid_environment',
])

/** Codes of stores that do not answer; what they refuse for other reasons is `failed`. */
const unreachableCodes: ReadonlySet<string> = new Set([
  'store_unreachable',
  'store_unauthorized',
  'store_missing',
  'store_driver_missing',
  'definitions_unreachable',
])

/** The exit code for an error's code. */
export function exitCodeOf(code: string | undefined): ExitCode {
  if (code === undefined) return exitCodes.failed
  if (code === 'interrupted') return exitCodes.interrupted
  if (usageCodes.has(code)) return exitCodes.usage
  return unreachableCodes.has(code) ? exitCodes.unreachable : exitCodes.failed
}
