import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { declareFlags, parseDefinitionText } from '@sluice/stores'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))

const definitions = parseDefinitionText(
  `
version: 1
flags:
  newCheckout: { description: The checkout on one page, owner: payments, kind: release }
  "it's \\"odd\\" \\\\ key": {}
  constructor: {}
  button:
    variants: { green: '#0f0', blue: '#00f' }
  batchSize:
    variants: { small: 10, large: 100 }
  limits:
    variants:
      tight: { perSecond: 5, burst: { size: 1 } }
      loose: { perSecond: 50, burst: { size: 9 }, label: wide }
  regions:
    variants: { few: [eu], all: [eu, us], none: [] }
`,
  'flags.yaml',
).flags

const opening = `import { openFlags } from '@sluice/sdk'
import type { AppFlags } from './typed app-flags.ts'
const flags = openFlags<AppFlags>({ definitionsFrom: './flags.yaml' })
const user = { id: 'ada' }
`

const right = `
const isOn: boolean = flags.isEnabled('newCheckout', user)
const isOdd: boolean = flags.isEnabled('it\\'s "odd" \\\\ key', user)
const colour: string = flags.string('button', user, '#000')
const size: number = flags.number('batchSize', user, 1)
const perSecond: number | undefined = flags.evaluate('limits', user).value?.perSecond
const regions: readonly string[] | undefined = flags.evaluate('regions', user).value
const branch: 'new' | 'old' = flags.guarded('constructor', user, { on: () => 'new', off: () => 'old' } as const)
const variants: (keyof AppFlags['button']['variants'])[] = ['blue', 'green']
void flags.setRollout('newCheckout', 25, { actor: 'ada', reason: 'a first look' })
flags.object('limits', user, {})
flags.object('regions', user, [])
export default [isOn, isOdd, colour, size, perSecond, regions, branch, variants]
`

const wrong = {
  'a misspelt key': [`flags.isEnabled('newChekout', user)`, 'newChekout'],
  'a misspelt key in a command': [
    `void flags.setRollout('newChekout', 25, { actor: 'ada', reason: 'a first look' })`,
    'newChekout',
  ],
  'an answer taken for another type': [
    `export const size: number | undefined = flags.evaluate('button', user).value`,
    'string',
  ],
  'a property that no variant has': [
    `export const rate = flags.evaluate('limits', user).value?.perMinute`,
    'perMinute',
  ],
  'a variant that the flag has not': [
    `export const name: keyof AppFlags['button']['variants'] = 'red'`,
    'red',
  ],
} as const

describe('declared flags', () => {
  it('hold an application to its keys and types', () => {
    const files: Record<string, string> = {
      'app-flags.ts': declareFlags(definitions, { origin: 'flags.yaml' }),
      'right.ts': opening + right,
      'odd.ts': declareFlags(odd),
      'empty.ts': `${declareFlags({})}export const flags: AppFlags = {}\n`,
    }
    for (const [title, [line]] of Object.entries(wrong))
      files[`${title}.ts`] = `${opening}${line}\n`
    const complaints = compile(files)
    for (const [title, [, about]] of Object.entries(wrong)) {
      expect(complaints[`${title}.ts`], title).toEqual([expect.stringContaining(about)])
      delete complaints[`${title}.ts`]
    }
    expect(complaints).toEqual({})
  })
})

/** Keys and texts that could end a literal or a comment. */
const odd = {
  "'": { description: '*/ export const x = 1 /*', owner: 'a\nb\u2028c' },
  '\\': { variants: { "'a'": { '"': [[1], ['x']], '\n': null, '1': {} }, b: { '\u2029': [] } } },
  '${x}`': {},
  'ünï 💡': { variants: { on: 1 } },
  readonly: {},
}

/** What the compiler says of each file that it says something of, as files beside this test. */
function compile(files: Readonly<Record<string, string>>): Record<string, string[]> {
  const { config } = ts.readConfigFile(join(folder, '../tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(folder, '..'))
  const paths = new Map(Object.keys(files).map((name) => [join(folder, `typed ${name}`), name]))
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists } = host
  host.readFile = (path) => files[paths.get(path) ?? ''] ?? readFile(path)
  host.fileExists = (path) => paths.has(path) || fileExists(path)
  const program = ts.createProgram([...paths.keys()], options, host)
  const complaints: Record<string, string[]> = {}
  for (const [path, name] of paths) {
    const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(path))
    const texts = found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    if (texts.length > 0) complaints[name] = texts
  }
  return complaints
}
