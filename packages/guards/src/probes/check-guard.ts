import type { Signal } from '../abort-signal.ts'
import type { AlertSeverity, Consequence, GuardBase } from '../guard.ts'
import { validateProbe } from './validate-probe.ts'

/** What a check's function may answer; anything else means that it could not tell. */
export type CheckAnswer = boolean | { readonly ok: boolean; readonly because?: string }

/** A check's function. Its signal fires when its time is up, and when nobody needs the answer any longer. */
export type RunCheck = (signal: Signal) => unknown

/** Fails when a function says no, or a URL answers with another status: a smoke test, a database, a health endpoint. */
export interface CheckGuard extends GuardBase {
  kind: 'check'
  /** Asked with GET; http or https, without a password in it. */
  url?: string
  /** The status that passes; of a URL only. */
  status?: number
  /** From one start to the next, 100 ms or more. It is never started while it still runs. */
  everyMs: number
  /** After this a run could not tell; 1 ms … 10 min. */
  timeoutMs: number
  /** How often it is tried again before it says no, or that it cannot tell; 0–10. */
  retries: number
  /** Never in the log; a process that goes on with a rollout is given it again. */
  run?: RunCheck
}

/** What may be said of a check. */
export interface CheckOptions {
  name: string
  /** What a failure asks for. A failure that asks for rollback stands, whatever later runs say. Default `hold`. */
  consequence?: Consequence
  alert?: AlertSeverity
  /**
   * Answers `true`, `false` or `{ ok, because }`. A function that throws, takes too long, or answers anything else could
   * not tell, and the check is inconclusive: to fail, say `false`.
   */
  run?: RunCheck
  url?: string
  /** Default 200. */
  status?: number
  /** Default 10,000. */
  everyMs?: number
  /** Default 5,000. */
  timeoutMs?: number
  /** Default 2. */
  retries?: number
}

/**
 * Fails when a function says no, or a URL does not answer 200.
 *
 * @throws SluiceError `invalid_guard`: both a function and a URL, a URL that is none, or a number out of range.
 */
export function check(options: CheckOptions): CheckGuard {
  const { url, run, alert } = options
  return validateProbe({
    kind: 'check',
    name: options.name,
    consequence: options.consequence ?? 'hold',
    ...(url === undefined ? {} : { url, status: options.status ?? 200 }),
    ...(url === undefined && options.status !== undefined ? { status: options.status } : {}),
    everyMs: options.everyMs ?? 10_000,
    timeoutMs: options.timeoutMs ?? 5_000,
    retries: options.retries ?? 2,
    ...(alert === undefined ? {} : { alert }),
    ...(run === undefined ? {} : { run }),
  })
}
