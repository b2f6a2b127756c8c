import { defaultPolicy, policyReferences } from '@sluice/rollout'
import { describe, expect, it } from 'vitest'
import { readGeneratedBlock } from './generated-block.ts'
import { rowsOf } from './show-policy.ts'

describe('docs/policy.md', () => {
  it('shows every number of the policy as it is', () => {
    const rows = rowsOf(defaultPolicy, policyReferences).map(
      ({ pointer, value, numbers }) => `| \`${pointer}\` | ${value} | ${numbers} |`,
    )
    const table = ['| number | default | serves |', '|---|---|---|', ...rows, ''].join('\n')
    expect(readGeneratedBlock('docs/policy.md', 'numbers', table)).toBe(table)
  })
})
