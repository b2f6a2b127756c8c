import type { FlagDefinitions } from '@sluice/core'
import { afterEach, describe, expect, it } from 'vitest'
import { createMemoryStore } from './memory.ts'
import { openFlags } from './open-flags.ts'

const on = { enabled: true, rollout: 100, environments: ['test'] }
const note = { actor: 'ada', reason: 'test' }
const definitions: FlagDefinitions = {
  hidden: on,
  shown: { ...on, prerequisites: ['hidden'] },
  third: { ...on, prerequisites: [{ flag: 'shown', variants: ['on'] }, 'hidden'] },
  other: on,
}

const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0)) await close()
})

async function open() {
  const flags = openFlags({ store: createMemoryStore(), environment: 'test', definitions })
  toClose.push(() => flags.close())
  await flags.ready()
  const heard: string[][] = []
  flags.on('change', (keys) => heard.push([...keys].sort()))
  const define = (key: string, value: object | null) =>
    flags.replica.commit({
      ...{ ...note, action: 'test' },
      changes: [{ key: `flag/${key}`, value: value as never }],
    })
  return { flags, heard, define }
}

describe('a change of a flag', () => {
  it('names the flags that hang on it, for their answers may differ, too', async () => {
    const { flags, heard } = await open()
    await flags.setRollout('hidden', 0, note)
    expect([flags.isEnabled('shown'), flags.isEnabled('third')]).toEqual([false, false])
    await flags.setRollout('shown', 50, note)
    await flags.setRollout('other', 50, note)
    expect(heard).toEqual([['hidden', 'shown', 'third'], ['shown', 'third'], ['other']])
  })

  it('goes by what flags need now', async () => {
    const { flags, heard, define } = await open()
    await define('shown', on)
    await define('third', { ...on, prerequisites: ['shown'] })
    await define('other', { ...on, prerequisites: ['hidden'] })
    heard.length = 0
    await flags.setRollout('hidden', 0, note)
    await flags.setRollout('shown', 0, note)
    // What code says counts again.
    await define('shown', null)
    heard.splice(2)
    await flags.setRollout('hidden', 100, note)
    expect(heard).toEqual([
      ['hidden', 'other'],
      ['shown', 'third'],
      ['hidden', 'other', 'shown', 'third'],
    ])
  })
})
