import type { ProcedureNotice } from '../procedure/event.ts'

/** What a deployment writes its log through: pino, console, or anything with these four functions. */
export interface Logger {
  debug(object: object, message: string): void
  info(object: object, message: string): void
  warn(object: object, message: string): void
  error(object: object, message: string): void
}

const methods = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' } as const

/**
 * Writes one line at a level (P33): error for failures, warn for rollbacks and retries, info for successes, debug for steps.
 *
 * A logger that throws changes nothing.
 */
export function writeLine(
  logger: Logger | undefined,
  level: ProcedureNotice['level'],
  object: object,
  message: string,
): void {
  try {
    const outcome: unknown = logger?.[methods[level]](object, message)
    // One that answers with a promise is not waited for, and what it throws ends no process.
    if (outcome instanceof Promise) outcome.catch(() => {})
  } catch {
    // Nobody is left to be told.
  }
}
