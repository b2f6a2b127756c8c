import { describe, expect, it } from 'vitest'
import { isSamePerson, toDirectory } from './directory.ts'

describe('whether two names mean one person', () => {
  it.each([
    ['ann@example.com', ' ANN@Example.com\u00A0'],
    ['ann@example.com', 'ann\u200B@example.com'],
    ['ann@example.com', 'ann\uFE0F@example.com'],
    ['ann@example.com', 'a\u034Fnn@example.com'],
    ['ann@example.com', 'ann@example.com\u3164'],
    ['ann@example.com', 'ａｎｎ@example.com'],
    ['Ann Smith', 'ann\u2003 smith'],
    ['José', 'Jose\u200D\u0301'],
    ['ΝΙΚΟΣ', 'νικοσ'],
  ])('takes %j for %j', (one, other) => {
    expect(isSamePerson(one, other)).toBe(true)
  })

  it.each([
    ['ann@example.com', 'anne@example.com'],
    ['ann smith', 'annsmith'],
  ])('does not take %j for %j', (one, other) => {
    expect(isSamePerson(one, other)).toBe(false)
  })
})

describe('the roles of a person', () => {
  const directory = toDirectory({ 'ann@example.com': ['team_lead'] })

  it.each(['ann@example.com', 'ANN@example.com', ' ann@example.com '])(
    'are found for %j',
    (name) => {
      expect(directory.rolesOf(name)).toEqual(['team_lead'])
    },
  )

  it.each([
    'ann\u200B@example.com',
    'ａｎｎ@example.com',
    'ann@example.com\u3164',
    'bob@example.com',
    '__proto__',
  ])('are not lent to the account %j', (name) => {
    expect(directory.rolesOf(name)).toEqual([])
  })
})

describe('a directory', () => {
  it('is refused where it names one person twice', () => {
    expect(() => toDirectory({ ann: [], 'a\uFE0Fnn': ['team_lead'] })).toThrow(
      expect.objectContaining({ code: 'invalid_directory' }),
    )
  })
})
