import { describe, expect, it } from 'vitest'
import { createMemoryStore } from './memory.ts'
import { openFlags } from './open-flags.ts'

describe('openFlags without types', () => {
  it.each([
    ['file:./.sluice/log', 'not "file:./.sluice/log". Write createFileStore({ directory'],
    [undefined, 'not undefined. Write createFileStore({ directory'],
    [{ read: () => [] }, 'not object. Write createFileStore({ directory'],
  ])('refuses %j for a store, and says what to write', (store, told) => {
    expect(() => openFlags({ store: store as never })).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(told) }),
    )
  })

  it('refuses a file for definitions, and says what takes one', () => {
    const options = { store: createMemoryStore(), definitions: './flags.yaml' as never }
    expect(() => openFlags(options)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringContaining('Write definitionsFrom: "./flags.yaml" for a file.'),
      }),
    )
  })
})
