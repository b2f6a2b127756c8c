import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileSource } from './file-source.ts'
import { type Heard, note, on, useFlags, write } from './open-flags.fixture.ts'

const fixture = useFlags({ beforeEach, afterEach })

const path = () => join(fixture.folder, 'flags.json')
const text = (flags: object) => JSON.stringify({ version: 1, flags })
const keysOf = ({ client }: Heard) => client.snapshot().keys()

async function follow(flags: object): Promise<Heard> {
  writeFileSync(path(), text(flags))
  return fixture.live({ definitionsFrom: path() })
}

describe('a definitions file', () => {
  it('answers from the first moment, and its changes come into service', async () => {
    writeFileSync(path(), text({ a: on }))
    const heard = fixture.hear({ definitionsFrom: path() })
    expect(heard.client.status).toBe('bootstrap')
    expect(heard.client.isEnabled('a', 'ada')).toBe(true)
    writeFileSync(path(), text({ a: on, b: on }))
    await fixture.until(() => heard.changes.length > 0)
    expect(heard.changes).toEqual([['b']])
    expect(heard.client.explain('b', 'ada').origin).toBe(path())
    expect(heard.errors).toEqual([])
  })

  it('keeps what operators moved, whatever the file says', async () => {
    const heard = await follow({ a: on })
    await heard.client.setRollout('a', 0, note)
    writeFileSync(path(), text({ a: { ...on, rollout: 50, description: 'edited' } }))
    await fixture.until(() => heard.changes.length > 1)
    expect(heard.client.evaluate('a', 'ada')).toMatchObject({ value: false, flagRevision: 1 })
  })

  it('is found again when an editor saves through a rename', async () => {
    const heard = await follow({ a: on })
    for (const key of ['b', 'c']) {
      writeFileSync(`${path()}.tmp`, text({ [key]: on }))
      renameSync(`${path()}.tmp`, path())
      await fixture.until(() => keysOf(heard).includes(key))
    }
    expect(heard.errors).toEqual([])
  })

  it('is found when a link to it is exchanged, as for mounted configuration', async () => {
    for (const key of ['a', 'b']) {
      mkdirSync(join(fixture.folder, key))
      writeFileSync(join(fixture.folder, key, 'flags.json'), text({ [key]: on }))
    }
    const link = join(fixture.folder, 'now')
    symlinkSync(join(fixture.folder, 'a'), link)
    const heard = await fixture.live({ definitionsFrom: join(link, 'flags.json') })
    symlinkSync(join(fixture.folder, 'b'), `${link}.new`)
    renameSync(`${link}.new`, link)
    await fixture.until(() => keysOf(heard).includes('b'))
    expect(keysOf(heard)).toEqual(['b'])
  })

  it('is read though its size and time stay the same', async () => {
    const heard = await follow({ a: on })
    const { atime, mtime } = statSync(path())
    writeFileSync(path(), text({ b: on }))
    utimesSync(path(), atime, mtime)
    await fixture.until(() => keysOf(heard).includes('b'))
  })

  it('says once that it was deleted, stays in service, and comes back', async () => {
    const heard = await follow({ a: on })
    unlinkSync(path())
    await fixture.until(() => heard.errors.length > 0)
    await fixture.rounds(50)
    expect(heard.errors).toMatchObject([{ code: 'definitions_unreadable' }])
    expect(heard.client.isEnabled('a', 'ada')).toBe(true)
    writeFileSync(path(), text({ b: on }))
    await fixture.until(() => keysOf(heard).includes('b'))
    expect(heard.errors.length).toBe(1)
  })

  const damages: [string, () => void, string][] = [
    ['emptied', () => truncateSync(path()), 'invalid_type'],
    ['half written', () => truncateSync(path(), 30), 'invalid_text'],
    ['followed by something else', () => appendFileSync(path(), '}'), 'invalid_text'],
    ['of another version', () => writeFileSync(path(), '{"version":2}'), 'unknown_version'],
    ['bad in one flag', () => writeFileSync(path(), text({ a: { rollout: 101 } })), 'out_of_range'],
    ['not UTF-8', () => writeFileSync(path(), Buffer.from([0x7b, 0xff])), 'definitions_unreadable'],
    ['larger than 10 MB', () => truncateSync(path(), 11_000_000), 'document_too_large'],
    ['larger than memory', () => truncateSync(path(), 2 ** 40), 'document_too_large'],
    [
      'a folder now',
      () => {
        rmSync(path())
        mkdirSync(path())
      },
      'definitions_unreadable',
    ],
  ]

  it.each(damages)('that is %s is reported once; the one before stays', async (_, damage, code) => {
    const heard = await follow({ a: on })
    damage()
    await fixture.until(() => heard.errors.length > 0)
    await fixture.rounds(50)
    expect(heard.errors).toMatchObject([{ code }])
    expect(heard.errors[0]?.message).toContain(path())
    expect(heard.client.isEnabled('a', 'ada')).toBe(true)
    rmSync(path(), { recursive: true })
    writeFileSync(path(), text({ b: on }))
    await fixture.until(() => keysOf(heard).includes('b'))
    // Again, and it is said again.
    damage()
    await fixture.until(() => heard.errors.length > 1)
    expect(heard.errors.map((error) => error.code)).toEqual([code, code])
  })

  it('is not read while it is still being written', async () => {
    const yaml = join(fixture.folder, 'flags.yaml')
    writeFileSync(yaml, 'version: 1\nflags:\n  a: {}\n  b: {}\n')
    const heard = await fixture.live({ definitionsFrom: yaml })
    // Each of these is a whole document, and none of them is what the writer means.
    writeFileSync(yaml, 'version: 1\n')
    await fixture.rounds(4)
    for (const line of ['flags:\n', '  a: {}\n', '  b: {}\n', '  c: {}\n', '  d: {}\n']) {
      await fixture.rounds(1)
      appendFileSync(yaml, line)
    }
    await fixture.until(() => heard.changes.length > 0)
    expect([...heard.changes[0]!].sort()).toEqual(['c', 'd'])
    expect(heard.errors).toEqual([])
  })

  it('that does not fit the log is refused, and the one before stays', async () => {
    const heard = await follow({ base: on, a: on })
    await write(heard.client, { 'flag/logged': { ...on, prerequisites: ['base'] } })
    writeFileSync(path(), text({ b: on }))
    await fixture.until(() => heard.errors.length > 0)
    expect(heard.errors).toMatchObject([{ code: 'missing_flag', flag: 'logged', found: 'base' }])
    expect(keysOf(heard).sort()).toEqual(['a', 'base', 'logged'])
    await write(heard.client, { 'flag/a': null, 'flag/b': null })
    expect(keysOf(heard).sort()).toEqual(['a', 'base', 'logged'])
    expect(heard.client.explain('a', 'ada').origin).toBe(path())
  })

  it('brings in what the log was waiting for', async () => {
    const heard = await follow({ a: on })
    await write(heard.client, { 'flag/logged': { ...on, prerequisites: ['base'] } })
    expect(heard.errors.length).toBe(1)
    writeFileSync(path(), text({ a: on, base: on }))
    await fixture.until(() => heard.client.isEnabled('logged', 'ada'))
    expect(heard.errors.length).toBe(1)
  })
})

describe('opening with a definitions file', () => {
  it('fails where it is missing or bad, and leaves nothing running', () => {
    const open = (content?: string) => () => {
      if (content !== undefined) writeFileSync(path(), content)
      fixture.open({ definitionsFrom: path() })
    }
    expect(open()).toThrowError(expect.objectContaining({ code: 'definitions_unreadable' }))
    expect(open('{"version":1,"flags":{"a":{"rollout":"5"}}}')).toThrowError(
      expect.objectContaining({ flag: 'a', pointer: '/flags/a/rollout', found: '"5"' }),
    )
    expect(fixture.clock.pendingTimers).toBe(0)
  })
})

describe('fileSource', () => {
  it('looks as often as it is told, and not after it was stopped', async () => {
    writeFileSync(path(), text({}))
    const seen: string[][] = []
    const stop = fileSource(path(), { pollMs: 60_000, clock: fixture.clock }).start({
      accept: ({ flags }) => seen.push(Object.keys(flags)),
      report: (error) => seen.push([error.code]),
    })
    expect(seen).toEqual([[]])
    expect(fixture.clock.pendingTimers).toBe(1)
    writeFileSync(path(), text({ a: {} }))
    await fixture.rounds(599)
    expect([seen.length, fixture.clock.pendingTimers]).toEqual([1, 1])
    await fixture.until(() => seen.length > 1)
    expect(seen).toEqual([[], ['a']])
    await fixture.until(() => fixture.clock.pendingTimers === 1)
    stop()
    expect(fixture.clock.pendingTimers).toBe(0)
    writeFileSync(path(), text({ b: {} }))
    await fixture.rounds(2_000)
    expect(seen.length).toBe(2)
  })

  it('lets go of a look that is under way when it is stopped', async () => {
    writeFileSync(path(), text({}))
    const stop = fileSource(path(), { clock: fixture.clock }).start({
      accept: () => {},
      report: (error) => {
        throw error
      },
    })
    const advancing = fixture.clock.advance(500)
    stop()
    await advancing
    await fixture.rounds(10)
    expect(fixture.clock.pendingTimers).toBe(0)
  })
})
