import type { Json } from '@sluice/core'
import type { Signal } from '@sluice/guards'
import type { Change } from '@sluice/stores'
import type { HookAnswer } from '../finding.ts'

/** What a step's functions are told. */
export interface StepContext {
  /** The procedure's id. */
  readonly id: string
  readonly step: string
  readonly environment: string
  /** What the procedure was started with. */
  readonly input: Json
  /** `<id>/<step>`: the same at every attempt, in every process. Hand it to whatever can tell a repetition by it. */
  readonly idempotencyKey: string
  /** From 1, over all processes. Above 1 an earlier attempt may have done it all, or a part. */
  readonly attempt: number
  /** Aborted where the step took too long, was cancelled, or another process took over. */
  readonly signal: Signal
  /** What the steps before resolved with, by name. */
  readonly results: Readonly<Record<string, Json>>
  /** What this step gave `waitFor` to remember; undefined where it did not wait yet. */
  readonly memo: Json | undefined
  /** When the step was first begun, epoch ms. */
  readonly firstBegunAt: number
  /** Epoch milliseconds, by the procedure's clock. */
  now(): number
}

/** What a step's way back is told. */
export interface UndoContext extends StepContext {
  /** What the step resolved with; undefined where it failed or was not finished. */
  readonly result: Json | undefined
  /** Why it goes back. */
  readonly because: string
}

/**
 * One step of a procedure.
 *
 * Each of its functions is called at least once, not exactly once: a process may die right after it did its work, and
 * the next one cannot know. So all of them must bear repetition, with the help of `idempotencyKey` or `isDone`.
 */
export interface Step {
  /** Unique in the procedure, lower snake case. */
  readonly name: string
  /** Does it. Resolves with what later steps need, with {@link waitFor}, or with {@link recordWith}. */
  run(context: StepContext): Promise<StepOutcome> | StepOutcome
  /** The way back; false says that it failed. It must bear a step that was done, done in part, or not at all. Without one it stays as it is. */
  undo?(context: UndoContext): HookAnswer
  /** Whether an earlier attempt did it after all. Asked before each attempt but the first; may tell its result. */
  isDone?(context: StepContext): Promise<StepProof> | StepProof
  /** Why it is left out; undefined: it is needed. Asked once, before the first attempt; pure. */
  skipBecause?(context: Pick<StepContext, 'input' | 'results' | 'environment'>): string | undefined
  /** While it waits: whether to run again before the time is over. Asked on every look; pure and fast. */
  isReady?(context: Pick<StepContext, 'id' | 'input' | 'results' | 'memo'>): boolean
  /** How long an attempt may take, in ms. Default 600,000. */
  readonly timeoutMs?: number
  /** Further attempts after one that failed or took too long. Default 0. */
  readonly retries?: number
  /** The pause before the first further attempt, in ms; it doubles with each, up to a minute. Default 1,000. */
  readonly retryDelayMs?: number
  /** How long an attempt to undo may take, in ms. Default: `timeoutMs`. */
  readonly undoTimeoutMs?: number
  /** Further attempts to undo. Default 3. */
  readonly undoRetries?: number
}

/** Whether a step was done after all; or its result, where it was. */
export type StepProof = boolean | { readonly result: Json }

/** What a step resolves with. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that ends without a result is a step, too.
export type StepOutcome = Json | Waiting | Recorded | undefined | void

const waiting = Symbol.for('@sluice/waiting')
const recorded = Symbol.for('@sluice/recorded')

/** A step's word that it is not over yet. */
export interface Waiting {
  readonly [waiting]: true
  readonly ms: number
  readonly because: string
  readonly memo?: Json
}

/** A step's result, and what must stand in the log together with it. */
export interface Recorded {
  readonly [recorded]: true
  readonly result?: Json
  readonly changes: readonly Change[]
  readonly dependsOn: readonly string[]
  readonly basedOn?: number
}

/**
 * Makes a step wait: it is run again after that time, by whichever process is there. None has to stay alive meanwhile.
 *
 * @param ms How long, 0 or more.
 * @param because What it waits for: a line for people.
 * @param memo Given back as `context.memo`.
 */
export function waitFor(ms: number, because: string, memo?: Json): Waiting {
  return { [waiting]: true, ms, because, ...(memo === undefined ? {} : { memo }) }
}

/**
 * Ends a step and writes changes of other keys in the same commit, such as that an approval was used.
 *
 * Where one of `dependsOn` was written since the attempt began, nothing is, and the step is run again.
 *
 * @param change.basedOn The revision that the change was decided at, where that is another replica's, which may have
 * heard less: then nothing of `dependsOn` may have been written since that one.
 */
export function recordWith(
  change: Pick<Recorded, 'changes' | 'dependsOn' | 'basedOn'>,
  result?: Json,
): Recorded {
  const { changes, dependsOn, basedOn } = change
  return {
    ...{ [recorded]: true, changes, dependsOn },
    ...(basedOn === undefined ? {} : { basedOn }),
    ...(result === undefined ? {} : { result }),
  }
}

/** Whether a step waits. */
export function isWaiting(outcome: unknown): outcome is Waiting {
  return (Object(outcome) as Partial<Waiting>)[waiting] === true
}

/** Whether a step wants more written than its result. */
export function isRecorded(outcome: unknown): outcome is Recorded {
  return (Object(outcome) as Partial<Recorded>)[recorded] === true
}
