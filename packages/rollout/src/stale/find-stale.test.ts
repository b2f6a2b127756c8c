import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findStale, type StaleOptions } from './find-stale.ts'
import { openParser } from './source-parser.ts'
import type { StaleReport } from './stale-report.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function createTree(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-stale-'))
  folders.push(root)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

async function scan(
  files: Record<string, string>,
  options: Partial<StaleOptions> = {},
): Promise<StaleReport & { at: (flag: string) => string[] }> {
  const root = await createTree(files)
  const report = await findStale({ roots: [root], flags: ['newUserProfile'], ...options })
  const show = ({ file, line, column }: { file: string; line: number; column: number }) =>
    `${file.slice(root.length + 1)}:${line}:${column}`
  return { ...report, at: (flag) => (report.uses.get(flag) ?? []).map(show) }
}

/** One file of code. */
function scanCode(code: string, options: Partial<StaleOptions> = {}, name = 'a.ts') {
  return scan({ [name]: code }, options)
}

describe('a use of a flag', () => {
  it.each([
    ['a call', `flags.isEnabled('newUserProfile', user)`],
    ['any name of the client', `this.app.client.isEnabled('newUserProfile')`],
    ['an optional call', `flags?.isEnabled?.('newUserProfile')`],
    ['a method taken out', `const { isEnabled } = flags\nisEnabled('newUserProfile')`],
    ['a guarded branch', `flags.guarded('newUserProfile', user, { on, off })`],
    ['a typed getter', `flags.string('newUserProfile', user, 'blue')`],
    ['an evaluation', `flags.evaluate('newUserProfile')`],
    ['an explanation', `flags.explain('newUserProfile', user)`],
    ['a variant', `flags.variant('newUserProfile', user)`],
    ['an OpenFeature call', `await client.getBooleanValue('newUserProfile', false)`],
    ['a property', `if (featureFlags.newUserProfile.enabled) go()`],
    ['a property by text', `featureFlags['newUserProfile'].rollout`],
    ['a property of a field', `this.featureFlags.newUserProfile`],
    ['a property taken out', `const { newUserProfile } = featureFlags`],
    ['a property of what the file defines', `const f = defineFlags({})\nf.newUserProfile`],
    ['a template without expressions', 'flags.isEnabled(`newUserProfile`)'],
    ['a constant', `const KEY = 'newUserProfile'\nflags.isEnabled(KEY)`],
    [
      'a constant of a constant',
      `const A = 'newUserProfile' as const\nconst B = A\nf.isEnabled(B)`,
    ],
    ['a member of a constant', `const K = { a: 'newUserProfile' } as const\nf.isEnabled(K.a)`],
    ['one of two', `flags.isEnabled(isOld ? 'other' : ('newUserProfile' satisfies string))`],
  ])('is %s', async (_name, code) => {
    const { at, unused } = await scanCode(code)
    expect(at('newUserProfile')).toHaveLength(1)
    expect(unused).toEqual([])
  })

  it('is told by file, line and column', async () => {
    const { at } = await scan({
      'src/b.ts': `\n  flags.isEnabled('newUserProfile')`,
      'src/a.ts': `x; flags.isEnabled('newUserProfile')`,
    })
    expect(at('newUserProfile')).toEqual(['src/a.ts:1:4', 'src/b.ts:2:3'])
  })

  it.each([
    ['a.tsx', `export const A = () => <b on={f.isEnabled('newUserProfile')}>{<T,>(x: T) => x}</b>`],
    ['a.jsx', `export const A = () => <b>{f.isEnabled('newUserProfile') && 1}</b>`],
    ['a.mts', `const x = <string>value; f.isEnabled('newUserProfile')`],
    ['a.cjs', `const f = require('f'); return f.isEnabled('newUserProfile')`],
    [
      'a.ts',
      `@Inject() class A { constructor(@Flags() private f: F) { f.isEnabled('newUserProfile') } }`,
    ],
    ['a.ts', `class A { @on accessor x = f.isEnabled('newUserProfile'); #p; static {} }`],
    ['a.ts', `using x = open(); enum E { A = 'newUserProfile' }; f.isEnabled('newUserProfile')`],
    ['a.ts', `let a; let a; f.isEnabled('newUserProfile')`],
    ['a.js', `// @flow\ntype A = {| b: ?string |}; f.isEnabled('newUserProfile')`],
  ])('is found in %s: %s', async (name, code) => {
    const { at, unread } = await scanCode(code, {}, name)
    expect(unread).toEqual([])
    expect(at('newUserProfile')).toHaveLength(1)
  })

  it('may go through functions of the application', async () => {
    const code = `const on = useFlag('newUserProfile')`
    expect((await scanCode(code)).at('newUserProfile')).toEqual([])
    const { at } = await scanCode(code, { functions: ['useFlag'] })
    expect(at('newUserProfile')).toHaveLength(1)
  })
})

describe('what is no use of a flag', () => {
  it.each([
    ['its definition', `defineFlags({ newUserProfile: { enabled: true } })`],
    ['its quoted definition', `defineFlags({ 'newUserProfile': { enabled: true } })`],
    ['a comment', `// flags.isEnabled('newUserProfile')`],
    ['a module of that name', `import x from 'newUserProfile'`],
    ['its definition in a constant', `const all = { newUserProfile: {} as Flag }`],
    ['a property of a type', `interface A { newUserProfile: boolean }`],
    ['a longer word', `log('newUserProfiles and anewUserProfile')`],
  ])('%s', async (_name, code) => {
    const { unused, unknown, dynamic } = await scanCode(code)
    expect({ unused, unknown, dynamic }).toEqual({
      unused: ['newUserProfile'],
      unknown: [],
      dynamic: [],
    })
  })

  it('a call of that name, about something else', async () => {
    const { at, mentions } = await scanCode(
      `z.string('newUserProfile'); z.number('newUserProfile', x)`,
    )
    expect(at('newUserProfile')).toEqual([])
    expect(mentions.get('newUserProfile')).toHaveLength(2)
  })

  it('may be a mention: then a person looks', async () => {
    const { unused, mentions } = await scanCode(`const all = ['newUserProfile', 'other']`)
    expect(unused).toEqual([])
    expect(mentions.get('newUserProfile')).toMatchObject([{ line: 1, column: 14 }])
  })
})

describe('what may be a use', () => {
  it.each([
    ['a property of something', `settings.newUserProfile`],
    ['a property of what another file defines', `import { ours } from './f'; ours.newUserProfile`],
    ['a name taken out of something', `const { newUserProfile } = useFlags()`],
    ['a name taken out by text', `const { 'newUserProfile': on } = useFlags()`],
    ['a name that is assigned', `({ newUserProfile: on } = useFlags())`],
    ['a name of a parameter', `function A({ newUserProfile }) {}`],
    ['a table by keys', `const pages = { newUserProfile: Page }`],
    ['a shorthand', `use({ newUserProfile })`],
    ['a list in one text', `ask('oldSearch,newUserProfile')`],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the code under test is a template.
    ['a part of a template', 'ask(`/flags/newUserProfile/${user}`)'],
    ['an attribute', `<Feature name="newUserProfile" />`],
    ['text in a page', `<Feature>newUserProfile</Feature>`],
    ['a decorator', `@Feature('newUserProfile') class A {}`],
    ['an enumeration', `enum Flag { A = 'newUserProfile' }`],
    ['a type', `type Key = 'newUserProfile'`],
    ['a call under another name', `const { isEnabled: on } = flags; on('newUserProfile')`],
    ['a bundle', `(()=>{var e=n(3);e.f("newUserProfile")&&t()})()`],
  ])('is %s, and told as such', async (_name, code) => {
    const { unused, mentions, at } = await scanCode(code, {}, 'a.tsx')
    expect({ unused, at: at('newUserProfile') }).toEqual({ unused: [], at: [] })
    expect(mentions.get('newUserProfile')).toHaveLength(1)
  })

  it('stands in a file that cannot be parsed, or is no program', async () => {
    const { unused, mentions, unread, isComplete } = await scan({
      'a.ts': 'const = isEnabled(\n  newUserProfile;',
      'b.vue': `<b v-if="flags.isEnabled('newUserProfile')">x</b>`,
      'c.html': '<b>nothing of ours</b>',
    })
    expect(unused).toEqual([])
    expect(mentions.get('newUserProfile')).toMatchObject([
      { line: 2, column: 3 },
      { line: 1, column: 27 },
    ])
    expect(unread.map(({ file }) => file.split('/').at(-1))).toEqual(['a.ts', 'b.vue'])
    expect(isComplete).toBe(false)
  })
})

describe('flags under another name', () => {
  it.each([
    `import { featureFlags as ff } from './flags'; ff.newUserProfile`,
    `const ff = featureFlags; ff.newUserProfile`,
    `const { featureFlags: ff } = require('./flags'); ff.newUserProfile`,
    `require('./flags').featureFlags.newUserProfile`,
    `this.ff = this.app.featureFlags; this.ff.newUserProfile`,
    `const ff = featureFlags; const { newUserProfile } = ff`,
  ])('are followed within a file: %s', async (code) => {
    const { at, unknown } = await scanCode(code, {}, 'a.cjs')
    expect(at('newUserProfile')).toHaveLength(1)
    expect(unknown).toEqual([])
  })
})

describe('a key that nobody defines', () => {
  it('comes with the nearest one', async () => {
    const { unknown } = await scanCode(
      `flags.isEnabled('newUserProfil'); flags.guarded('xyz', u, b)`,
    )
    expect(unknown).toMatchObject([
      { key: 'newUserProfil', nearest: 'newUserProfile', at: { line: 1, column: 1 } },
      { key: 'xyz' },
    ])
    expect(unknown[1]).not.toHaveProperty('nearest')
  })

  it('is not looked for in calls that may be about something else', async () => {
    const { unknown, dynamic } = await scanCode(
      `page.evaluate('document.title'); z.object(shape, a, b); db.explain(query)`,
    )
    expect({ unknown, dynamic }).toEqual({ unknown: [], dynamic: [] })
  })
})

describe('a key that only the running program knows', () => {
  it.each([
    'flags.isEnabled(name)',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the code under test is a template.
    'flags.isEnabled(`new${part}`)',
    'flags.string(name, user, fallback)',
    'app.flags.evaluate(name, user)',
    'flags.isEnabled(...all)',
    'featureFlags[name]',
    `const K = 'newUserProfile'; function f(K) { return flags.isEnabled(K) }`,
    `let K = 'newUserProfile'; flags.isEnabled(K)`,
    `import { K } from './keys'; flags.isEnabled(K)`,
    `const K = { a: 'newUserProfile', ...more }; flags.isEnabled(K.a)`,
    `const A = B, B = A; flags.isEnabled(A)`,
    `flags.isEnabled.call(flags, name)`,
    `const ask = flags.isEnabled`,
  ])('is listed, never guessed: %s', async (code) => {
    const { at, dynamic } = await scanCode(code)
    expect(at('newUserProfile')).toEqual([])
    expect(dynamic).toHaveLength(1)
    expect(dynamic[0]?.text).toMatch(/^(?:app\.)?(?:flags|featureFlags)[.[]/)
  })

  it.each([
    `keys.filter(client.isEnabled)`,
    `keys.filter(isEnabled)`,
    `const ask = client.isEnabled.bind(client)`,
    `const { isEnabled: ask } = client`,
    `import { flags as f } from './flags'; f.string(name, user, 'x')`,
    `flags['isEnabled'](name)`,
  ])('may be asked out of sight: %s', async (code) => {
    const { dynamic, isComplete, unused } = await scanCode(code)
    expect(dynamic).toHaveLength(1)
    expect({ isComplete, unused }).toEqual({ isComplete: false, unused: ['newUserProfile'] })
  })
})

describe('the files of a scan', () => {
  const use = `flags.isEnabled('newUserProfile')`

  it('are sources, neither installed nor built nor hidden nor ignored', async () => {
    const { at, filesRead } = await scan(
      {
        'node_modules/x/a.ts': use,
        'packages/b/node_modules/a.ts': use,
        'dist/a.js': use,
        '.cache/a.ts': use,
        '.a.ts': use,
        'a.d.ts': use,
        'a.md': use,
        'generated/a.ts': use,
        'src/old/a.ts': use,
        'src/a.ts': use,
      },
      { ignore: ['generated', 'src/old'] },
    )
    expect(at('newUserProfile')).toEqual(['src/a.ts:1:1'])
    expect(filesRead).toBe(1)
  })

  it('are met once, whatever links lead to them', async () => {
    const root = await createTree({ 'src/a.ts': use })
    const outside = await createTree({ 'b.ts': use })
    await symlink(root, join(root, 'src/loop'))
    await symlink(join(root, 'src/a.ts'), join(root, 'src/twin.ts'))
    await symlink(outside, join(root, 'linked'))
    await symlink(join(root, 'nowhere'), join(root, 'broken.ts'))
    const { filesRead, unread } = await findStale({
      roots: [root, join(root, 'src')],
      flags: ['newUserProfile'],
    })
    expect({ filesRead, unread }).toEqual({ filesRead: 2, unread: [] })
  })

  it('are named where they could not be read', async () => {
    const { unread, at, unused } = await scan(
      {
        'a.ts': 'const = newUserProfile;',
        'b.ts': 'const = nothing here;',
        'deep.js': `newUserProfile${'('.repeat(100_000)}1`,
        'large.js': `${use}//${'x'.repeat(2_000_000)}`,
        'z.ts': use,
      },
      { flags: ['newUserProfile', 'other'] },
    )
    expect(unread.map(({ file }) => file.split('/').at(-1))).toEqual([
      'a.ts',
      'deep.js',
      'large.js',
    ])
    expect(unread[2]?.because).toBe('larger than 1000000 bytes')
    expect(at('newUserProfile')).toEqual(['z.ts:1:1'])
    expect(unused).toEqual(['other'])
  })

  it('are told from those in another encoding', async () => {
    const root = await createTree({})
    await writeFile(join(root, 'a.ts'), use, 'utf16le')
    const { unread } = await findStale({ roots: [root], flags: ['newUserProfile'] })
    expect(unread).toMatchObject([{ because: 'no text in UTF-8' }])
  })

  it('may have names in capitals', async () => {
    const { filesRead } = await scan({ 'A.TS': use, 'B.Jsx': use })
    expect(filesRead).toBe(2)
  })

  it('must be there', async () => {
    const { unread } = await findStale({ roots: ['/nowhere/at/all'], flags: [] })
    expect(unread).toMatchObject([{ file: '/nowhere/at/all' }])
    await expect(findStale({ roots: [], flags: [] })).rejects.toMatchObject({
      code: 'invalid_option',
      pointer: '/roots',
    })
  })

  it('may hold a list longer than a call has room for, and nest deeper than a stack', async () => {
    const { at, unread } = await scanCode(`[${'1,'.repeat(300_000)}]\n${use}`, {}, 'a.js')
    expect(unread).toEqual([])
    expect(at('newUserProfile')).toEqual(['a.js:2:1'])
  })
})

describe('the parser', () => {
  it('is asked for where it is missing', async () => {
    const load = () => Promise.reject(new Error('Cannot find package'))
    await expect(openParser(load)).rejects.toMatchObject({
      code: 'parser_missing',
      message: expect.stringContaining('npm install --save-dev @babel/parser'),
    })
    await expect(openParser(() => Promise.resolve({}))).rejects.toMatchObject({
      code: 'parser_missing',
    })
  })
})
