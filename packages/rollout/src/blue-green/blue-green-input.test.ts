import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import { createBlueGreenWorld, order } from './blue-green-world.fixture.ts'

let world: ReturnType<typeof createBlueGreenWorld>
beforeEach(() => {
  world = createBlueGreenWorld()
})
afterEach(() => world.close())

const adoption = { ...order, live: 'blue', idle: 'green', version: 'v1' }
const length = async () => (await world.store.read(0)).length

describe('what cannot be deployed', () => {
  it.each([
    ['an arm beside itself', { idle: 'blue' }, '/idle'],
    ['no arm', { live: '' }, '/live'],
    ['no version', { version: ' ' }, '/version'],
    ['a reserved name', { idle: '__proto__' }, '/idle'],
  ])('%s is refused before anything is written', async (_, wrong, pointer) => {
    const { shop } = await world.join()
    await expect(shop.adopt({ ...adoption, ...wrong })).rejects.toMatchObject({
      code: 'invalid_option',
      pointer,
    })
    expect(await length()).toBe(0)
    await shop.adopt(adoption)
    expect(shop.record?.live).toBe('blue')
  })

  it.each([
    ['nothing', ''],
    ['two lines', 'v2\nv3'],
    ['ten kilobytes', 'v'.repeat(10_000)],
    ['half a character', 'v\ud800'],
    ['no text', 2 as never],
  ])('a version that is %s is refused before anything is written', async (_, version) => {
    const { shop } = await world.join()
    await shop.adopt(adoption)
    const before = await length()
    await expect(shop.start({ ...order, version })).rejects.toMatchObject({
      code: 'invalid_option',
      pointer: '/version',
    })
    expect(await length()).toBe(before)
  })

  it.each(['../v2', 'registry/shop:2@sha256', '__proto__', 'ü 2', 'v2#2'])(
    'a version may be named %s',
    async (version) => {
      const { shop } = await world.join()
      await shop.adopt(adoption)
      shop.run()
      await shop.start({ ...order, version })
      await world.until(() => shop.state !== undefined && isProcedureOver(shop.state))
      expect(shop.record).toMatchObject({ live: 'green', versions: { green: version } })
    },
  )

  it.each([
    [{ environment: 'a/b' }, '/environment'],
    [{ environment: '' }, '/environment'],
    [{ service: '' }, '/service'],
    [{ service: 'x'.repeat(300) }, '/service'],
  ])('a service that could be taken for another one is refused: %#', async (more, pointer) => {
    await expect(world.join(undefined, more)).rejects.toMatchObject({
      code: 'invalid_option',
      pointer,
    })
  })
})

describe('the same version once more', () => {
  it('goes to the other arm where it was adopted, not deployed', async () => {
    const { shop } = await world.join()
    await shop.adopt(adoption)
    shop.run()
    await shop.start({ ...order, version: 'v1' })
    await world.until(() => shop.state !== undefined && isProcedureOver(shop.state))
    expect(shop.record).toMatchObject({ live: 'green', versions: { green: 'v1' } })
    expect(world.arms).toEqual({ blue: undefined, green: 'v1' })
  })
})

describe('a process that lacks a hook', () => {
  it('does not take a deployment up that was started with it', async () => {
    const { shop } = await world.join()
    await shop.adopt(adoption)
    await shop.start({ ...order, version: 'v2' })
    const hooks = { deploy: () => true, warmUp: () => true, decommission: () => true }
    const other = await world.join(undefined, { hooks })
    await expect(other.shop.resume({ takeOver: true })).rejects.toMatchObject({
      ...{ code: 'procedure_changed', expected: 'smokeTest' },
    })
    shop.run()
    await world.until(() => shop.state !== undefined && isProcedureOver(shop.state))
    expect(world.calls).toContain('smoke green v2')
  })
})

describe('what a hook answers', () => {
  it.each(['deploy', 'smokeTest', 'warmUp'])('no of %s sends the version back', async (name) => {
    const hooks = { deploy: async () => true, [name]: () => false }
    const { shop } = await world.join(undefined, { hooks })
    await shop.adopt(adoption)
    shop.run()
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => shop.state !== undefined && isProcedureOver(shop.state))
    expect(shop.state?.phase).toBe('undone')
    expect(shop.controller.state).toBeUndefined()
  })

  it('yes, nothing, or what a library gave it, is well', async () => {
    const hooks = {
      deploy: () => ({ exitCode: 0 }),
      smokeTest: () => true,
      warmUp: () => undefined,
    }
    const { shop } = await world.join(undefined, { hooks })
    await shop.adopt(adoption)
    shop.run()
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => shop.state !== undefined && isProcedureOver(shop.state))
    expect(shop.state?.phase).toBe('succeeded')
  })
})
