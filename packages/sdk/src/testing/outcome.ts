import { types } from 'node:util'

/** What a run gives back: what it returned; of whatever can be awaited, a promise. */
export type Outcome<Result> = Result extends PromiseLike<infer Value> ? Promise<Value> : Result

/**
 * Runs a function, and begins what it returned: a query, or the request of a test, may do nothing before it is awaited, and
 * would then begin where its caller awaits it.
 */
export function begin<Result>(run: () => Result): Outcome<Result> {
  const result = run()
  return (isThenable(result) ? Promise.resolve(result) : result) as Outcome<Result>
}

/** The same, and when it is over, or its promise, another function. */
export function beginThen<Result>(run: () => Result, after: () => void): Outcome<Result> {
  let outcome: Outcome<Result>
  try {
    outcome = begin(run)
  } catch (error) {
    after()
    throw error
  }
  // Not `instanceof`: a runner may give a test a `Promise` of its own.
  if (types.isPromise(outcome)) return outcome.finally(after) as Outcome<Result>
  after()
  return outcome
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
