import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Approval, ApprovalAnswer, ApprovalPhase } from './approval.ts'
import {
  type ApprovalEvent,
  type ApprovalScene,
  approvalTransition,
} from './approval-transition.ts'
import { directory, minor, order } from './approvals-world.ts'
import { foldName, toDirectory } from './directory.ts'
import { newApproval } from './new-approval.ts'
import { standingOf } from './standing.ts'
import { digestOf } from './subject.ts'
import { findWants } from './wants.ts'

const at = Date.UTC(2026, 0, 1)
const people = Object.keys(directory)
const scene: ApprovalScene = {
  policy: defaultPolicy,
  directory: toDirectory(directory),
  now: { at, earliest: at, latest: at },
}
const digest = digestOf(minor)

const phases: readonly ApprovalPhase[] = [
  { phase: 'pending' },
  { phase: 'approved', approvedAt: at },
  { phase: 'rejected', by: 'ann@example.com', because: 'no', at },
  { phase: 'withdrawn', by: 'dev@example.com', because: 'later', at },
  { phase: 'voided', by: 'dev@example.com', because: 'edited', at, replacedBy: 'another' },
  { phase: 'used', usedAt: at },
]
const events: readonly ApprovalEvent[] = [
  { type: 'approve', actor: 'ann@example.com', reason: 'yes', digest },
  { type: 'reject', actor: 'ann@example.com', reason: 'no' },
  { type: 'withdraw', actor: 'dev@example.com', reason: 'later' },
  { type: 'replace', actor: 'dev@example.com', reason: 'edited', replacedBy: 'another' },
  { type: 'review', actor: 'ann@example.com', reason: 'seen' },
]

function asked(phase: ApprovalPhase, type = 'minor'): Approval {
  const request = { policy: defaultPolicy, directory: scene.directory, at, earlier: 0 }
  return { ...newApproval({ ...minor, type }, order, request), ...phase }
}

describe('a request, in every phase, whatever is done to it', () => {
  it('goes on as the table says', () => {
    const table = phases.map((phase) => {
      const outcomes = events.map((event) => {
        const next = approvalTransition(asked(phase), event, scene)
        return 'refused' in next ? `(${next.refused})` : next.approval.phase
      })
      return [phase.phase, ...outcomes].join(' | ')
    })
    expect(table).toEqual([
      'pending | approved | rejected | withdrawn | voided | (not_an_emergency)',
      'approved | approved | rejected | withdrawn | voided | (not_an_emergency)',
      'rejected | (approval_rejected) | (approval_rejected) | (approval_rejected) | (approval_rejected) | (not_an_emergency)',
      'withdrawn | (approval_withdrawn) | (approval_withdrawn) | (approval_withdrawn) | (approval_withdrawn) | (not_an_emergency)',
      'voided | (approval_voided) | (approval_voided) | (approval_voided) | (approval_voided) | (not_an_emergency)',
      'used | (approval_used) | (approval_used) | (approval_used) | (approval_used) | (not_an_emergency)',
    ])
  })

  it('is approved only by other people than the requester, one for each role, and nobody against', () => {
    const type = fc.constantFrom('hotfix', 'minor', 'major', 'breaking')
    const actor = fc.constantFrom(...people, 'mallory@example.com', 'ANN@example.com')
    const event = fc.record({ type: fc.constantFrom('approve' as const, 'reject' as const), actor })
    fc.assert(
      fc.property(type, fc.array(event, { maxLength: 12 }), (typeName, said) => {
        let approval = asked({ phase: 'pending' }, typeName)
        for (const { type, actor } of said) {
          const word = { actor, reason: 'so', digest: approval.digest }
          const next = approvalTransition(approval, { type, ...word }, scene)
          if (!('refused' in next)) approval = next.approval
        }
        const later = at + approval.noticeUntil - approval.askedAt
        const now = { at: later, earliest: later, latest: later }
        if (standingOf(approval, { ...scene, now }).status !== 'approved') return
        const yes = new Set(approval.answers.map(({ by }) => foldName(by)))
        expect(yes.has('dev@example.com')).toBe(false)
        expect(approval.answers.every(({ answer }) => answer === 'approve')).toBe(true)
        expect(yes.size).toBe(approval.answers.length)
        const count = { hotfix: 1, minor: 1, major: 2, breaking: people.length - 1 }[typeName]
        expect(yes.size).toBeGreaterThanOrEqual(count)
        const held = [...yes].flatMap((name) => scene.directory.rolesOf(name))
        const { approvers } = defaultPolicy.approvals.types[typeName] ?? expect.fail('no type')
        for (const role of approvers === 'everyone' ? [] : Object.keys(approvers)) {
          expect(held).toContain(role)
        }
      }),
    )
  })
})

describe('whose approval is wanted', () => {
  const roles = ['a', 'b', 'c']
  const held = fc.array(fc.subarray(roles), { maxLength: 4 })
  const wanted = fc.dictionary(fc.constantFrom(...roles), fc.integer({ min: 1, max: 2 }))

  /** The fewest roles that stay open, by trying every way to seat the people. */
  function fewestOpen(slots: readonly string[], who: readonly string[][]): number {
    const [first, ...rest] = who
    if (first === undefined) return slots.length
    const choices = slots.map((role, place) => (first.includes(role) ? place : -1))
    const seated = choices
      .filter((place) => place >= 0)
      .map((place) => fewestOpen(slots.toSpliced(place, 1), rest))
    return Math.min(fewestOpen(slots, rest), ...seated)
  }

  it('is as little as any seating of one person to a role leaves open', () => {
    fc.assert(
      fc.property(wanted, held, (approvers, who) => {
        const answers: ApprovalAnswer[] = who.map((each, index) => {
          return { by: `p${index}`, answer: 'approve', roles: each, at, reason: 'yes' }
        })
        const slots = Object.entries(approvers).flatMap(([role, count]) => Array(count).fill(role))
        const wants = findWants(approvers, answers, { askedBy: 'dev', team: [] })
        expect(wants).toHaveLength(fewestOpen(slots, who))
      }),
      { numRuns: 1_000 },
    )
  })

  it('does not wait for somebody who has left the team, nor lets an empty team agree', () => {
    const answers: ApprovalAnswer[] = [
      { by: 'ann', answer: 'approve', roles: ['team'], at, reason: 'yes' },
    ]
    const askedBy = 'dev'
    expect(findWants('everyone', answers, { askedBy, team: ['dev', 'ann', 'bob'] })).toEqual([
      'bob',
    ])
    expect(findWants('everyone', answers, { askedBy, team: ['dev', 'ann'] })).toEqual([])
    expect(findWants('everyone', [], { askedBy, team: ['dev'] })).not.toEqual([])
  })
})

describe('a directory', () => {
  it('refuses a record that names one person twice', () => {
    expect(() => toDirectory({ ann: ['team_lead'], 'Ann ': ['architect'] })).toThrow(
      expect.objectContaining({ code: 'invalid_directory' }),
    )
  })

  it('that cannot be read approves nothing', () => {
    const broken = {
      rolesOf: () => ['team_lead'],
      everyone: () => {
        throw new Error('no LDAP')
      },
    }
    const standing = standingOf(asked({ phase: 'pending' }), { ...scene, directory: broken })
    expect(standing).toMatchObject({ status: 'pending', wants: ['a directory that can be read'] })
  })
})
