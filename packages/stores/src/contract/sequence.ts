import type { TestRunner } from '../store-contract.ts'

/** One case after another, for programs that bring no test runner. */
export interface Sequence {
  /** What a suite declares its cases to. */
  readonly runner: TestRunner
  /** Runs what was declared, in order, and answers each case as it ends. */
  run(limitMs: number): AsyncGenerator<CaseResult>
}

/** How a case ended. */
export interface CaseResult {
  readonly suite: string
  readonly title: string
  /** What it failed with; nothing where it passed. */
  readonly failure: { readonly cause: unknown } | undefined
}

export function createSequence(): Sequence {
  const cases: { suite: string; title: string; body: () => Promise<void> }[] = []
  let suite = ''

  return {
    runner: {
      describe(name, body) {
        suite = name
        body()
      },
      it: (title, body) => void cases.push({ suite, title, body }),
    },

    async *run(limitMs) {
      let stray = createSignal()
      const hear = (cause: unknown) => stray.give(cause)
      // What nobody caught, be it a promise, was thrown by the store in the background. It fails the
      // case that runs, or the next one.
      process.on('uncaughtException', hear)
      try {
        for (const { suite, title, body } of cases) {
          const failure = await findFailure(body, stray.given, limitMs)
          stray = createSignal()
          yield { suite, title, failure }
        }
      } finally {
        process.off('uncaughtException', hear)
      }
    },
  }
}

/** Waits for a case to end, and no longer than it may take. */
async function findFailure(
  body: () => Promise<void>,
  stray: Promise<unknown>,
  limitMs: number,
): Promise<CaseResult['failure']> {
  const late = createSignal()
  // The timer also keeps the process alive for a call that is never answered.
  const timer = setTimeout(
    () => late.give(new Error(`It did not end within ${limitMs} ms.`)),
    limitMs,
  )
  const ended = body().then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  )
  const disturbed = Promise.race([stray, late.given]).then((cause) => ({ cause }))
  return Promise.race([ended, disturbed]).finally(() => clearTimeout(timer))
}

function createSignal() {
  let give: (cause: unknown) => void = () => {}
  const given = new Promise<unknown>((resolve) => {
    give = resolve
  })
  return { give: (cause: unknown) => give(cause), given }
}
