import { createGuardSet, errorRate } from '@sluice/guards'
import type { RolloutState } from '@sluice/rollout'
import picocolors from 'picocolors'
import { expect, it } from 'vitest'
import { drawGuards } from './frame-guards.ts'
import type { RolloutView } from './view.ts'

const color = picocolors.createColors(false)
const verdicts = createGuardSet([errorRate()], { alpha: 0.01 }).verdicts()

function titleOf(state: Partial<RolloutState>, from: 'live' | 'log'): string | undefined {
  const guards = { verdicts, from, at: 60_000 }
  const view = { guards, now: 100_000, state } as unknown as RolloutView
  return drawGuards(view, { width: 100, color })[0]
}

it('says how old the evidence is, by now or by the decision that came after it', () => {
  const rollback = { decidedAt: 90_000 } as never
  expect(titleOf({ phase: 'running' }, 'live')).toMatch(/against the canary$/)
  expect(titleOf({ phase: 'running' }, 'log')).toMatch(/canary, as of 40 s ago$/)
  expect(titleOf({ phase: 'rolled_back', rollback }, 'log')).toMatch(/, 30 s before the decision$/)
})
