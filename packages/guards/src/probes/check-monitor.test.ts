import { describe, expect, it } from 'vitest'
import type { Tick } from '../index.ts'
import { check, createCheckMonitor } from './index.ts'
import { start, toTick } from './ticks.fixture.ts'

/** A tick with what the database's check found. */
function tickOf(seconds: number, found?: object, ageMs = 0): Tick {
  return toTick(seconds, 'db', found, ageMs)
}

const yes = { ok: true, because: 'the database answers' }
const no = { ok: false, because: 'the database refuses' }

describe('check', () => {
  const guard = check({ name: 'db', run: () => true })

  it('says what its last answer said', () => {
    const monitor = createCheckMonitor(guard)
    expect(monitor.judge()).toMatchObject({
      guard: 'db',
      kind: 'check',
      outcome: 'inconclusive',
      because: 'the check has not said anything yet',
    })
    monitor.observe(tickOf(1, yes))
    expect(monitor.judge()).toMatchObject({
      outcome: 'pass',
      because: 'the database answers',
      estimate: undefined,
      evidence: 0,
      dataAt: start + 1000,
    })
    monitor.observe(tickOf(2, no))
    monitor.observe(tickOf(3, no))
    expect(monitor.judge()).toMatchObject({
      outcome: 'fail',
      consequence: 'hold',
      because: 'the database refuses',
      evidence: 1,
      decidedAt: start + 2000,
    })
    monitor.observe(tickOf(4, yes))
    expect(monitor.judge()).toMatchObject({ outcome: 'pass' })
    expect(monitor.judge()).not.toHaveProperty('decidedAt')
    monitor.observe(tickOf(5, no))
    expect(monitor.judge()).toMatchObject({ outcome: 'fail', decidedAt: start + 5000 })
  })

  it('waits when the check could not tell, whatever it said before', () => {
    const monitor = createCheckMonitor(guard)
    monitor.observe(tickOf(1, yes))
    monitor.observe(tickOf(2, { unknown: 'it threw: oh' }))
    expect(monitor.judge()).toMatchObject({
      outcome: 'inconclusive',
      because: 'the check could not tell: it threw: oh',
    })
    monitor.observe(tickOf(3, { value: 1 }))
    expect(monitor.judge().because).toBe('the check said neither yes nor no')
  })

  it('waits when the last answer is older than three runs and one that was tried to its end', () => {
    const monitor = createCheckMonitor(guard)
    monitor.observe(tickOf(1, yes))
    monitor.observe(tickOf(46))
    expect(monitor.judge().outcome).toBe('pass')
    monitor.observe(tickOf(47))
    expect(monitor.judge()).toMatchObject({
      outcome: 'inconclusive',
      because: "the check's last answer is 46 s old",
    })
    monitor.observe(tickOf(48, yes, -3_600_000))
    expect(monitor.judge().outcome).toBe('inconclusive')
  })

  it('does not take back a failure that asks for rollback', () => {
    const monitor = createCheckMonitor(check({ name: 'db', consequence: 'rollback' }))
    monitor.observe(tickOf(1, no))
    monitor.observe(tickOf(2, yes))
    expect(monitor.judge()).toMatchObject({
      outcome: 'fail',
      consequence: 'rollback',
      because: 'the database refuses',
      decidedAt: start + 1000,
    })
  })

  it('does not roll back for an answer that is too old to act on', () => {
    const monitor = createCheckMonitor(check({ name: 'db', consequence: 'rollback' }))
    monitor.observe(tickOf(100, no, 46_000))
    expect(monitor.judge().outcome).toBe('inconclusive')
  })

  it('goes on, in another process, exactly where it was', () => {
    for (const consequence of ['hold', 'rollback'] as const) {
      const whole = createCheckMonitor(check({ name: 'db', consequence }))
      let resumed = createCheckMonitor(check({ name: 'db', consequence }))
      for (const [index, found] of [yes, undefined, no, no, { unknown: 'x' }, no, yes].entries()) {
        const saved = JSON.parse(JSON.stringify(resumed.save()))
        resumed = createCheckMonitor(check({ name: 'db', consequence }))
        resumed.restore(saved)
        resumed.observe(tickOf(index + 1, found))
        whole.observe(tickOf(index + 1, found))
        expect(resumed.judge()).toEqual(whole.judge())
      }
    }
    expect(() => createCheckMonitor(guard).restore({ now: 'noon' })).toThrow(
      expect.objectContaining({ code: 'invalid_checkpoint' }),
    )
  })
})
