import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createRolloutController } from '@sluice/rollout'
import { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram } from './bundle-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let directory: string
let program: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-on-call-'))
  program = join(directory, 'ops.mjs')
  await bundleProgram('examples/on-call/ops.ts', program)
  await prepareNight()
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** The night of the runbook: three rollouts, one of them in trouble, and a flag without one. */
async function prepareNight(): Promise<void> {
  const store = createFileStore({ directory: join(directory, 'log'), create: true })
  const replica = createReplica({ store })
  const environment = 'production'
  const badly = createVerdict('fail', {
    ...{ guard: 'error_rate', consequence: 'hold', because: '6.2 % errors against 1.1 %' },
  })
  const search = open('newSearch', [badly])
  await search.start({ actor: 'ann', reason: 'the new search' })
  await search.tick()
  await open('newCheckout').start({ actor: 'ann', reason: 'the new checkout' })
  const profile = open('newProfile')
  await profile.start({ actor: 'ann', reason: 'the new profile' })
  await profile.promote({ actor: 'ann', reason: 'seen enough' })
  await replica.commit({
    ...{ actor: 'ann', action: 'enable', reason: 'the new banner', environment },
    changes: [{ key: 'exposure/production/newBanner', value: { enabled: true, rollout: 100 } }],
  })
  await replica.close()
  await store.close()

  function open(flag: string, verdicts: ReturnType<typeof createVerdict>[] = []) {
    return createRolloutController({
      replica,
      environment,
      flag,
      judge: scriptedJudge(() => verdicts),
    })
  }
}

/** What is typed and seen in the page's console blocks, in order. */
async function readTranscript(): Promise<{ typed: string; seen: string }[]> {
  const page = await readFile(join(root, 'docs/runbook.md'), 'utf8')
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .filter((part) => part !== '')
      .map((part) => {
        const [typed = '', ...lines] = part.trimEnd().split('\n')
        return { typed, seen: lines.join('\n') }
      }),
  )
}

async function type(line: string): Promise<string> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
  const env = {
    ...process.env,
    SLUICE_STORE: join(directory, 'log'),
    SLUICE_ENVIRONMENT: 'production',
  }
  const running = promisify(execFile)(
    process.execPath,
    [program, '--as', 'olga', ...words.slice(1)],
    {
      cwd: root,
      env,
    },
  )
  const { stdout, stderr } = await running.catch(
    (error) => error as { stdout: string; stderr: string },
  )
  return (stdout + stderr).trimEnd()
}

/** Times differ from run to run; a line of the log is known by what it says. */
function withoutTimes(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replace(/\b\d+ (s|min)\b/g, 'A WHILE')
    .replace(/^\d+(?= {2}TIME)/gm, 'N')
}

describe('the runbook', () => {
  it('shows what an engineer sees who types it', async () => {
    const transcript = await readTranscript()
    expect(transcript.length).toBeGreaterThan(8)
    for (const { typed, seen } of transcript) {
      expect(`${typed}\n${withoutTimes(await type(typed))}`).toBe(`${typed}\n${withoutTimes(seen)}`)
    }
  })

  it('says what is missing where a word is left out', async () => {
    expect(await type('ops rollback newCheckout')).toBe(
      'say why: --reason "…"; it goes into the log',
    )
    expect(await type('ops rollback')).toBe('rollback which flag?')
    expect(await type('ops halt newCheckout --reason x')).toBe('there is no command halt')
    expect(await type('ops status --flag newCheckout')).toMatch(/^Unknown option '--flag'.*$/)
  })

  it('does not take the wrong log, or the wrong environment, for quiet', async () => {
    expect(await type('ops status --environment prod')).toBe(
      'no rollout in prod, but in production',
    )
    const empty = join(directory, 'empty')
    await mkdir(empty)
    expect(await type(`ops status --store ${empty}`)).toBe(
      `the log at ${empty} is empty: is it the right one?`,
    )
  })
})
