import { describe, expect, it } from 'vitest'
import { createRolloutController } from './rollout-controller.ts'

describe('createRolloutController', () => {
  it('without flags says which other one takes a replica', () => {
    for (const options of [{ flag: 'a', replica: {}, environment: 'production' }, { flags: {} }]) {
      expect(() => createRolloutController(options as never)).toThrow(
        expect.objectContaining({ code: 'invalid_option', pointer: '/flags' }),
      )
    }
  })
})
