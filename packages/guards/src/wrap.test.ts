import { describe, expect, expectTypeOf, it } from 'vitest'
import { type ArmName, createHealthRecorder } from './index.ts'

const totals = (recorder: ReturnType<typeof createHealthRecorder>) => {
  const { stable, canary } = recorder.read()
  return [stable, canary].map(({ requests, errors }) => [requests, errors])
}

describe('a wrapped function', () => {
  it('keeps arguments, this and result, and counts for the stable arm', () => {
    const recorder = createHealthRecorder()
    const account = {
      balance: 5,
      add: recorder.wrap(function (this: { balance: number }, amount: number) {
        this.balance += amount
        return this.balance
      }),
    }
    expectTypeOf(account.add).parameters.toEqualTypeOf<[amount: number]>()
    expect(account.add(2)).toBe(7)
    expect(totals(recorder)).toEqual([
      [1, 0],
      [0, 0],
    ])
  })

  it('takes arm and unit from the arguments', () => {
    const recorder = createHealthRecorder()
    const serve = recorder.wrap(
      (_user: string, isNew: boolean) => {
        if (isNew) throw new TypeError('broken')
        return 1
      },
      { arm: (_, isNew) => (isNew ? 'canary' : 'stable'), unit: (user) => user },
    )
    expect(serve('ada', false)).toBe(1)
    expect(() => serve('ben', true)).toThrowError(TypeError)
    expect(() => serve('ben', true)).toThrowError(TypeError)
    expect(recorder.read()).toMatchObject({
      stable: { requests: 1, errors: 0, units: 1 },
      canary: { requests: 2, errors: 2, failedUnits: 1, units: 1 },
    })
  })

  it('counts a promise when it settles, and lets value and error through', async () => {
    const recorder = createHealthRecorder()
    const failure = new Error('down')
    const serve = recorder.wrap(
      async (isDown: boolean) => {
        if (isDown) throw failure
        return { status: 503 }
      },
      { arm: 'canary', isOk: ({ status }) => status < 500 },
    )
    const result = serve(false)
    expect(totals(recorder)[1]).toEqual([0, 0])
    expect(await result).toEqual({ status: 503 })
    await expect(serve(true)).rejects.toBe(failure)
    expect(totals(recorder)[1]).toEqual([2, 2])
  })

  it('counts a promise that never settles as an error when its time is over', () => {
    let now = 0
    const recorder = createHealthRecorder({ timeoutMs: 10, now: () => now })
    void recorder.wrap(() => new Promise(() => {}), { arm: 'canary' })()
    expect(totals(recorder)[1]).toEqual([0, 0])
    now = 10
    expect(totals(recorder)[1]).toEqual([1, 1])
  })

  it('counts a thenable once, though it calls back twice', async () => {
    const recorder = createHealthRecorder()
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
      then(resolve: (value: number) => void, reject: (error: unknown) => void) {
        resolve(5)
        resolve(6)
        reject(new Error('late'))
      },
    }
    const result = recorder.wrap(() => thenable as unknown as PromiseLike<number>)()
    expect(await result).toBe(5)
    expect(totals(recorder)[0]).toEqual([1, 0])
  })

  it('makes the call whatever its options do', () => {
    const recorder = createHealthRecorder()
    const fail = () => {
      throw new Error('an option')
    }
    expect(recorder.wrap(() => 1, { arm: fail })()).toBe(1)
    expect(recorder.wrap(() => 2, { arm: 'blue' as ArmName })()).toBe(2)
    expect(recorder.dropped).toBe(2)
    expect(recorder.wrap(() => 3, { unit: fail })()).toBe(3)
    expect(recorder.wrap(() => 4, { isOk: fail })()).toBe(4)
    expect(totals(recorder)[0]).toEqual([2, 1])
  })
})
