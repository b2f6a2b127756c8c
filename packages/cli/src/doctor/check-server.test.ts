import { describe, expect, it } from 'vitest'
import { checkClock, checkServer } from './check-server.ts'
import { isAtLeast } from './finding.ts'

describe('checkServer', () => {
  it.each([
    ['Redis', '7.0.15', 'ok'],
    ['Redis', '6.2.0', 'ok'],
    ['Redis', '6.0.16', 'fail'],
    ['PostgreSQL', '15.14 (Debian 15.14-0+deb12u1)', 'ok'],
    ['PostgreSQL', '12beta1', 'ok'],
    ['PostgreSQL', '11.22', 'fail'],
    ['NATS', '2.11.3', 'ok'],
    ['NATS', '2.8.4', 'fail'],
  ] as const)('%s %s: %s', (product, version, status) => {
    const finding = checkServer({ product, version })
    expect(finding).toMatchObject({ status, found: `${product} ${version}` })
    expect(finding.remedy === undefined).toBe(status === 'ok')
  })

  it('is content with a server that tells no version', () => {
    expect(checkServer({ product: 'HTTP' }).status).toBe('ok')
  })
})

describe('checkClock', () => {
  const now = 1_000_000
  const written = (at: number) => [
    { at: now - 60_000, actor: 'bo' },
    { at, actor: 'ada' },
  ]

  it.each([
    [written(now), undefined, 'ok', 'not behind the log'],
    [[], now, 'ok', "as the server's, and not behind the log"],
    [written(now), now + 30_000, 'ok', "as the server's"],
    [written(now), now + 31_000, 'warn', "31 s behind the server's"],
    [written(now), now - 31_000, 'warn', "31 s ahead of the server's"],
    [written(now + 30_000), undefined, 'ok', 'not behind the log'],
    [written(now + 31_000), undefined, 'warn', '31 s behind what ada wrote'],
    [written(now + 31_000), now, 'warn', '31 s behind what ada wrote'],
  ] as const)('of %j, server %s: %s', (commits, serverAt, status, found) => {
    const finding = checkClock(commits, now, serverAt)
    expect(finding.status).toBe(status)
    expect(finding.found).toContain(found)
    expect(finding.remedy === undefined).toBe(status === 'ok')
  })
})

describe('isAtLeast', () => {
  it.each([
    ['20.19.0', [20, 19], true],
    ['20.18.3', [20, 19], false],
    ['18.20.0', [20, 19], false],
    ['22.0.0', [20, 19], true],
    ['7', [6, 2], true],
    ['6', [6, 2], false],
  ] as const)('%s, %j: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected)
  })
})
