import { errorRate } from '@sluice/guards'
import { describe, expect, it } from 'vitest'
import { canary } from '../plan/plan.ts'
import { digestOf, parseSubject, rolloutSubject } from './subject.ts'

const proposal = {
  flag: 'checkout',
  environment: 'production',
  plan: canary(),
  guards: [errorRate()],
  alpha: 0.01,
}
const subject = rolloutSubject(proposal, 'minor')

describe('the digest of what is asked', () => {
  it('does not depend on the order of properties, nor on what is undefined', () => {
    const { kind, asked, ...rest } = subject
    const turned = { asked: { ...Object(asked), nothing: undefined }, ...rest, kind }
    expect(digestOf(turned)).toBe(digestOf(subject))
    expect(digestOf(subject)).toMatch(/^[0-9a-f]{64}$/)
  })

  it('changes with every part of the subject', () => {
    const others = [
      { ...subject, kind: 'deployment' as const },
      { ...subject, environment: 'staging' },
      { ...subject, target: 'basket' },
      { ...subject, type: 'major' },
      rolloutSubject({ ...proposal, plan: canary({ monitorMs: 1 }) }, 'minor'),
      rolloutSubject({ ...proposal, guards: [] }, 'minor'),
      rolloutSubject({ ...proposal, alpha: 0.02 }, 'minor'),
    ]
    const digests = new Set([subject, ...others].map(digestOf))
    expect(digests.size).toBe(others.length + 1)
  })

  it.each([
    [{ ...subject, kind: 'party' }, '/kind'],
    [{ ...subject, target: ' ' }, '/target'],
    [{ ...subject, asked: { at: Number.NaN } }, '/asked'],
    [{ ...subject, asked: new Date(0) }, '/asked'],
    [{ ...subject, more: 1 }, '/more'],
  ])('is refused for what is no subject (%#)', (input, pointer) => {
    expect(() => parseSubject(input)).toThrow(
      expect.objectContaining({
        code: 'invalid_subject',
        pointer: expect.stringContaining(pointer),
      }),
    )
  })

  it('is refused for what its digest would leave out', () => {
    const hidden: unknown = JSON.parse('{ "a": 1, "deep": { "__proto__": { "rollout": 100 } } }')
    expect(() => digestOf({ ...subject, asked: hidden as never })).toThrow(
      expect.objectContaining({ code: 'invalid_subject', pointer: '/asked/deep/__proto__' }),
    )
  })

  it.each([
    ['a cycle', cyclic()],
    ['nesting without end', JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))],
  ])('is refused for %s', (_, asked) => {
    expect(() => digestOf({ ...subject, asked })).toThrow(
      expect.objectContaining({ code: 'invalid_subject' }),
    )
  })

  it('is the same for numbers that the log cannot tell apart', () => {
    const at = (asked: number) => digestOf({ ...subject, asked })
    expect(at(-0)).toBe(at(0))
    expect(at(2 ** 53)).not.toBe(at(2 ** 53 + 2))
    expect(at(0.1 + 0.2)).not.toBe(at(0.3))
  })
})

function cyclic(): never {
  const round: { self?: unknown } = {}
  round.self = round
  return round as never
}
