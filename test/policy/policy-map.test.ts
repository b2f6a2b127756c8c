import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { policyReferences } from '@sluice/rollout'
import { describe, expect, it } from 'vitest'
import { readGeneratedBlock } from './generated-block.ts'
import { readTests } from './read-tests.ts'
import { requirements } from './requirements.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const numbers = Array.from({ length: 37 }, (_, index) => `P${index + 1}`)

describe('the policy', () => {
  it('has a row for each of its requirements, in order', () => {
    expect(requirements.map(({ number }) => number)).toEqual(numbers)
  })

  it.each(numbers)('%s is shown by tests that run', (number) => {
    const { tests, page } = requirements.find((each) => each.number === number) ?? { tests: {} }
    expect(page !== undefined && existsSync(`${root}/${page}`), `page of ${number}`).toBe(true)
    const named = Object.entries(tests).flatMap(([file, titles]) =>
      titles.map((title) => ({ file, title })),
    )
    expect(named).not.toEqual([])
    expect(named.filter(({ file, title }) => !readTests(file).has(title))).toEqual([])
  })

  it('has no number that serves a requirement which is not there', () => {
    const served = Object.values(policyReferences).flatMap((each) => each.split(', '))
    expect(served.filter((number) => !numbers.includes(number))).toEqual([])
  })

  it('is listed in docs/policy.md', () => {
    const rows = requirements.map(({ number, says, page, tests }) => {
      const files = Object.keys(tests).map((file) => `\`${file}\``)
      const link = `[${page.replace('docs/', '')}](${page.replace('docs/', '')})`
      return `| ${number} | ${says} | ${link} | ${files.join(', ')} |`
    })
    const table = ['| | asks for | described in | shown by |', '|---|---|---|---|', ...rows, '']
    const fresh = table.join('\n')
    expect(readGeneratedBlock('docs/policy.md', 'requirements', fresh)).toBe(fresh)
  })
})

describe('a row of the map', () => {
  it('is not filled by a test that is skipped, to do, in a comment, or expects nothing', () => {
    const titles = readTests('test/policy/samples.ts')
    expect([...titles]).toEqual(['runs', 'runs with each'])
  })
})
