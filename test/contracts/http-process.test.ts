import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Commit, genesis, sealCommit, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createHttpStore } from '@sluice/stores/http'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { run } from '../faults/processes.ts'
import { freePort, serverProcess } from '../services/process.ts'
import { chainOf, closeAll, draft, fill, keep, serveLog } from './http.fixture.ts'

afterEach(closeAll)

const tsx = ['--import', 'tsx', '-C', '@sluice/source']
const programOf = (name: string) =>
  fileURLToPath(new URL(`../faults/programs/${name}.ts`, import.meta.url))

describe('a server that is killed', () => {
  it('has every commit that it acknowledged when it comes back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-http-'))
    const port = await freePort()
    const args = [...tsx, programOf('log-server'), directory, String(port)]
    const server = serverProcess({ command: process.execPath, args, port })
    keep({
      async close() {
        await server.kill()
        await rm(directory, { recursive: true })
      },
    })
    const store = keep(createHttpStore({ url: `http://127.0.0.1:${port}` }))
    const acknowledged: Commit[] = []
    const codes = new Set<string>()
    for (let round = 0; round < 3; round += 1) {
      await server.start()
      // What was under way may have come in; the log says.
      let head = (await store.read(0)).at(-1) ?? genesis
      let killing: Promise<void> | undefined
      for (let count = 0; ; count += 1) {
        const commit = sealCommit(draft({ round, count }), head, 1)
        if (count === 40) killing = server.kill()
        try {
          await store.append(commit)
        } catch (error) {
          codes.add((error as { code: string }).code)
          break
        }
        acknowledged.push(commit)
        head = commit
      }
      await killing
    }
    expect([...codes]).toEqual(['store_unreachable'])
    const file = createFileStore({ directory })
    expect((await verifyLog(file)).ok).toBe(true)
    expect(await file.read(0)).toEqual(expect.arrayContaining(acknowledged))
    expect(acknowledged.length).toBeGreaterThanOrEqual(120)
  })
})

describe('a program that follows a log over HTTP', () => {
  it.each(['close', 'leave'])('ends by itself (%s)', async (how) => {
    const store = createMemoryStore()
    await fill(store, chainOf(3))
    const { url } = await serveLog(store, { authorize: () => 'read' })
    const program = run('--import', [...tsx.slice(1), programOf('http-client'), url, how])
    expect(await program.ended).toBe(0)
    expect(program.said()).toBe('live at 3\n')
  })
})
