import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { manyFlags } from './catch-up.ts'
import type { Place } from './places.ts'
import type { Row } from './report.ts'

/** The heap of a client that has answered each of 10,000 flags of the log. */
export async function memoryRow({ name, url }: Place): Promise<Row> {
  const child = fork(fileURLToPath(new URL('./memory-child.ts', import.meta.url)), [url, 'many'], {
    execArgv: ['--expose-gc', '--import', 'tsx', '-C', '@sluice/source'],
  })
  const [{ count, bytes }] = (await once(child, 'message')) as [{ count: number; bytes: number }]
  await once(child, 'exit')
  if (count !== manyFlags) throw new Error(`${name}: ${count} flags`)
  return {
    title: `${name}: memory of a client with 10,000 flags of three rules`,
    value: bytes / 1_000_000,
    unit: 'MB',
    most: 60,
    note: 'state, definitions and compiled flags, each asked once',
  }
}
