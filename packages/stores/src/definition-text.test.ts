import { describe, expect, it, vi } from 'vitest'
import { parseDefinitionText } from './definition-text.ts'

const parse = (text: string) => parseDefinitionText(text, 'flags.yaml')

describe('parseDefinitionText', () => {
  const flags = { a: { enabled: true, rollout: 25 } }

  it.each([
    ['JSON', JSON.stringify({ version: 1, flags })],
    ['JSON with a byte order mark', `\uFEFF${JSON.stringify({ version: 1, flags })}`],
    ['JSON with space around', `\r\n\t ${JSON.stringify({ version: 1, flags }, null, 2)}\n`],
    ['YAML', 'version: 1\nflags:\n  a:\n    enabled: true\n    rollout: 25\n'],
    [
      'YAML with a byte order mark',
      '\uFEFFversion: 1\nflags: { a: { enabled: true, rollout: 25 } }',
    ],
    [
      'YAML in Windows lines',
      '# flags\r\nversion: 1\r\nflags:\r\n  a: {enabled: true, rollout: 25}',
    ],
    ['YAML that begins with a brace', '{version: 1, flags: {a: {enabled: true, rollout: 25}}}'],
    ['YAML with an alias', 'version: 1\nflags:\n  a: {enabled: &yes true, rollout: 25}'],
  ])('reads %s', (_, text) => {
    expect(parse(text)).toEqual({ version: 1, flags, segments: {} })
  })

  it('reads segments and keys that look like numbers', () => {
    const text = 'version: 1\nflags:\n  2024: {}\nsegments:\n  s: {attribute: x, is: 1}'
    expect(parse(text)).toEqual({
      ...{ version: 1, flags: { '2024': {} }, segments: { s: { attribute: 'x', is: 1 } } },
    })
  })

  it('gives each mention of an alias a copy of its own', () => {
    const { flags: read } = parse('version: 1\nflags:\n  a: &a {rollout: 5, tags: [x]}\n  b: *a')
    expect(read.a).toEqual(read.b)
    expect(read.a?.tags).not.toBe(read.b?.tags)
  })

  const refused: [string, string, object][] = [
    ['nothing', '', { code: 'invalid_type', found: 'null' }],
    ['space', ' \n', { code: 'invalid_type' }],
    ['a byte order mark alone', '\uFEFF', { code: 'invalid_type' }],
    ['a comment', '# flags', { code: 'invalid_type' }],
    ['a text', 'flags', { code: 'invalid_type', found: '"flags"' }],
    ['a list', '[]', { code: 'invalid_type' }],
    ['half of a JSON document', '{"version":1,"flags":{"a":', { code: 'invalid_text' }],
    ['half of a YAML document', 'version: 1\nflags: {a', { code: 'invalid_text' }],
    ['two documents', 'version: 1\n---\nversion: 1', { code: 'invalid_text' }],
    ['no version', '{"flags":{}}', { code: 'unknown_version', pointer: '/version' }],
    ['another version', 'version: 2\nflags: {}', { code: 'unknown_version', found: '2' }],
    ['a version in quotes', '{"version":"1"}', { code: 'unknown_version' }],
    ['an unknown property', '{"version":1,"flag":{}}', { code: 'unknown_property' }],
    ['a bad flag', 'version: 1\nflags: {a: {rollout: .nan}}', { flag: 'a', found: 'NaN' }],
    ['a misspelling', '{"version":1,"flags":{"a":{"rolout":5}}}', { pointer: '/flags/a/rolout' }],
    [
      'a repeated JSON key',
      '{"version":1,\n"flags":{"a":{},\n"a":{}}}',
      { code: 'invalid_text', message: expect.stringMatching(/"a" stands twice .* line 3/) },
    ],
    [
      'a repeated YAML key',
      'version: 1\nflags:\n  a: {}\n  b: {}\n  a: {}\n',
      { code: 'invalid_text', message: expect.stringMatching(/"a" stands twice .* line 5, col/) },
    ],
    ['a number and its text', 'version: 1\nflags: {1: {}, "1": {}}', { code: 'invalid_text' }],
    ['a repeated version', 'version: 2\nversion: 1', { code: 'invalid_text' }],
    ['an unknown alias', 'version: 1\nflags: *nowhere', { code: 'invalid_text' }],
    ['__proto__ in JSON', '{"version":1,"flags":{"__proto__":{}}}', { code: 'invalid_key' }],
    ['__proto__ in YAML', 'version: 1\nflags: {__proto__: {}}', { code: 'invalid_key' }],
    [
      'a missing segment',
      '{"version":1,"flags":{"a":{"rules":[{"if":{"segment":"s"}}]}}}',
      {
        ...{ code: 'missing_segment', flag: 'a' },
      },
    ],
  ]

  it.each(refused)('refuses %s', (_, text, error) => {
    expect(() => parse(text)).toThrowError(
      expect.objectContaining({ name: 'SluiceError', ...error }),
    )
    expect(() => parse(text)).toThrowError(/^flags\.yaml/)
  })

  it.each([
    ['JSON', (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`],
    ['YAML', (depth: number) => `${'- '.repeat(depth)}x`],
  ])('refuses more than 64 levels of %s, however many', (format, nest) => {
    const of = (depth: number) =>
      format === 'JSON'
        ? `{"version":1,"flags":{"a":{"variants":{"on":${nest(depth)}}}}}`
        : `version: 1\nflags:\n  a:\n    variants:\n      on:\n        ${nest(depth)}`
    expect(() => parse(of(59))).not.toThrow()
    expect(() => parse(of(65))).toThrowError(expect.objectContaining({ code: 'too_deep' }))
    expect(() => parse(of(100_000))).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^(too_deep|invalid_text)$/) }),
    )
  })

  it('refuses aliases that grow a small text without bound', () => {
    const lines = ['version: 1', 'x0: &x0 [a, a, a, a, a, a, a, a, a]']
    for (let n = 1; n < 12; n += 1) {
      lines.push(`x${n}: &x${n} [${Array.from({ length: 9 }, () => `*x${n - 1}`).join(', ')}]`)
    }
    expect(() => parse(lines.join('\n'))).toThrowError(
      expect.objectContaining({ code: 'invalid_text', message: expect.stringMatching(/alias/i) }),
    )
  })

  it('refuses an alias of what it stands in', () => {
    expect(() => parse('version: 1\nflags: &f {a: *f}')).toThrowError(
      expect.objectContaining({ name: 'SluiceError' }),
    )
  })

  it('reads JSON up to 10 MB and YAML up to 1 MB, by bytes', () => {
    const json = (length: number) => `{"version":1,"flags":{}}${' '.repeat(length - 24)}`
    expect(() => parse(json(10 * 1024 * 1024))).not.toThrow()
    expect(() => parse(json(10 * 1024 * 1024 + 1))).toThrowError(
      expect.objectContaining({ code: 'document_too_large', found: '10485761 bytes' }),
    )
    const yaml = (length: number) => `version: 1\n#${'é'.repeat(length / 2 - 6)}`
    expect(() => parse(yaml(1024 * 1024))).not.toThrow()
    expect(() => parse(yaml(1024 * 1024 + 2))).toThrowError(
      expect.objectContaining({
        ...{ code: 'document_too_large', message: expect.stringContaining('as JSON') },
      }),
    )
    expect(() => parse(`${json(2 * 1024 * 1024)}}`)).toThrowError(
      expect.objectContaining({ code: 'invalid_text' }),
    )
  })

  it('warns nobody about odd keys', () => {
    const warn = vi.spyOn(process, 'emitWarning')
    expect(() => parse('version: 1\nflags: {[1, 2]: {}}')).not.toThrow()
    expect(() => parse('version: 1\nflags: {!odd a: {}}')).not.toThrow()
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})
