#!/usr/bin/env node
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type CaseResult, createSequence } from './contract/sequence.ts'
import type { Store } from './store.ts'
import { type StoreUnderTest, storeContract } from './store-contract.ts'

const help = `Usage: sluice-contract <module> [--limit <seconds>]

Asks of a store all that the contract asks, and says what holds and what does not.

The module (.js, .mjs or .cjs; .ts where Node itself can load it) exports

  create   () => Promise<Store>               a store over a new, empty log
  reopen   (store: Store) => Promise<Store>   optional: another store over the same log
  name     string                             optional: what to call it
  wakeMs   number                             optional: how long a wake-up may take, default 5000

by name, or as an object by default or module.exports.

  --limit <seconds>   how long each case may take, default 60
  --help              this text

Ends with 0 where every case passed, 1 where one failed, 2 where the call was wrong.
`

/** What a module exports. */
type Exported = StoreUnderTest & { readonly name?: string }

/** What ends the program with code 2. */
class UsageError extends Error {}

/** What a store may leave out; each has its cases. */
const options = ['watch', 'compact', 'exchange'] as const

async function main(): Promise<number> {
  const { path, limitMs } = readArguments()
  if (path === undefined) {
    await say(help)
    return 0
  }
  const exported = await load(path)
  const { name = path } = exported
  const lacks = new Set<string>()
  const create = async () => {
    const store: Store = await exported.create()
    for (const option of options) if (!(option in store)) lacks.add(option)
    return store
  }
  const { runner, run } = createSequence()
  storeContract(name, { ...exported, create }, runner)

  const count = { passed: 0, failed: 0 }
  let suite = ''
  for await (const result of run(limitMs)) {
    if (result.suite !== suite) await say(`${result.suite}\n`)
    suite = result.suite
    count[result.failure === undefined ? 'passed' : 'failed'] += 1
    await say(describeResult(result))
  }
  if (lacks.size > 0) await say(`not asked, as it is not offered: ${[...lacks].join(', ')}\n`)
  if (exported.reopen === undefined) await say('not asked, without reopen: two processes\n')
  await say(`${count.passed} passed, ${count.failed} failed\n`)
  return count.failed === 0 ? 0 : 1
}

/** @returns no path where help is asked for. */
function readArguments(): { path: string | undefined; limitMs: number } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, limit: { type: 'string' } },
    })
    const limitMs = Number(values.limit ?? 60) * 1_000
    if (values.help) return { path: undefined, limitMs }
    if (positionals.length !== 1) throw new UsageError('Name one module.')
    // Beyond 2^31 - 1 a timer of Node is over at once.
    if (!(limitMs > 0 && limitMs < 2 ** 31)) throw new UsageError('--limit takes seconds above 0.')
    return { path: positionals[0], limitMs }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function load(path: string): Promise<Exported> {
  let loaded: { readonly default?: unknown }
  try {
    loaded = await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const remedy =
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' Compile it to JavaScript, or take a newer Node.'
        : ''
    throw new UsageError(`${path} cannot be loaded: ${message}${remedy}`)
  }
  const exported = 'create' in loaded ? loaded : loaded.default
  const { create } = (exported ?? {}) as { create?: unknown }
  if (typeof create !== 'function') throw new UsageError(`${path} exports no function "create".`)
  return exported as Exported
}

function describeResult({ title, failure }: CaseResult): string {
  if (failure === undefined) return `  ✓ ${title}\n`
  const { cause } = failure
  const isAssertion = (cause as { code?: unknown } | undefined)?.code === 'ERR_ASSERTION'
  const why = cause instanceof Error ? (isAssertion ? cause.message : cause.stack) : cause
  return `  ✗ ${title}\n${String(why).replace(/^/gm, '      ')}\n`
}

/** Resolves once the text is on its way, so that an exit does not cut it short. */
function say(text: string): Promise<void> {
  return new Promise((done) => void process.stdout.write(text, () => done()))
}

main().then(
  // What a store left open must not keep the program from ending.
  (code) => process.exit(code),
  (error: Error) => {
    const isUsage = error instanceof UsageError
    const text = isUsage ? `${error.message}\nsluice-contract --help says more.` : error.stack
    process.stderr.write(`${text}\n`, () => process.exit(isUsage ? 2 : 1))
  },
)
