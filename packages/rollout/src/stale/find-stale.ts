import { readFile } from 'node:fs/promises'
import { nearestName, SluiceError } from '@sluice/core'
import { createTextTest, type Finding, type FlagNames, findUses } from './find-uses.ts'
import { createWordSearch, type FlagWord } from './flag-words.ts'
import { type FoundFile, walkSources } from './source-files.ts'
import { openParser, type SyntaxNode } from './source-parser.ts'
import type { DynamicUse, Place, StaleReport, UnknownKey, UnreadFile } from './stale-report.ts'

/** Where flags are looked for, and which. */
export interface StaleOptions {
  /** Folders, or single files. */
  readonly roots: readonly string[]
  /** The keys of all flags: `flags.snapshot().keys()`, or `Object.keys(definitions)`. */
  readonly flags: Iterable<string>
  /** Names to pass over, or paths below a root with `/`; beside hidden ones, `node_modules` and `dist`. */
  readonly ignore?: readonly string[]
  /** Variables that hold flags, for `featureFlags.newCheckout`. Default `featureFlags`. */
  readonly receivers?: readonly string[]
  /** Functions of the application whose first argument is a key, such as `useFlag`. */
  readonly functions?: readonly string[]
  /** Larger files are named and not read: they are generated. Default 1,000,000 bytes. */
  readonly maxFileBytes?: number
}

/** Generated bundles are larger, sources that people write are not. */
const defaultMaxFileBytes = 1_000_000
/** Of more mentions the first tell enough. */
const mostMentions = 20

/**
 * Looks through source code for the flags it asks for, for those that nobody asks for, and for keys that nobody defines.
 *
 * TypeScript and JavaScript, with JSX and decorators. Keys are followed through literals, templates without expressions,
 * constants of the same file and `a ? b : c`. What goes further is listed as dynamic, never guessed. One file at a time is
 * in memory.
 *
 * @throws SluiceError `parser_missing` without @babel/parser; `invalid_option` without roots.
 */
export async function findStale(options: StaleOptions): Promise<StaleReport> {
  const { roots, ignore, receivers = ['featureFlags'], functions = [] } = options
  const { maxFileBytes = defaultMaxFileBytes } = options
  if (!Array.isArray(roots) || roots.length === 0) {
    const details = { pointer: '/roots', expected: 'at least one folder', found: 'none' }
    throw new SluiceError('invalid_option', 'findStale needs a folder to look through.', details)
  }
  const parse = await openParser()
  const flags = new Set(options.flags)
  const names: FlagNames = { receivers, functions }
  const mayAsk = createTextTest(names, flags)
  const wordsOf = createWordSearch(flags)
  const report = createReport(flags)
  const find = (text: string, path: string) =>
    mayAsk(text) ? findUses(parse(text, path), names, wordsOf) : []
  const seen = new Set<string>()
  for (const root of roots) {
    for await (const file of walkSources(root, ignore, seen)) {
      const { path, bytes, because } = file
      if (because !== undefined) report.leave(path, because)
      else if (bytes > maxFileBytes) report.leave(path, `larger than ${maxFileBytes} bytes`)
      else await readOne(file, { mayAsk, find, wordsOf }, report)
    }
  }
  return report.finish()
}

/** What is looked for in a file's text. */
interface Search {
  readonly mayAsk: (text: string) => boolean
  readonly find: (text: string, path: string) => readonly Finding[]
  readonly wordsOf: (text: string) => Iterable<FlagWord>
}

async function readOne(
  { path, isTemplate }: FoundFile,
  { mayAsk, find, wordsOf }: Search,
  report: ReportInProgress,
): Promise<void> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
    // In another encoding no name would be found, and the file would look as if it asked nothing.
    if (text.includes('\0')) return report.leave(path, 'no text in UTF-8')
    if (!isTemplate) return report.take(path, text, find(text, path))
    if (!mayAsk(text)) return report.take(path, text, [])
    report.leave(path, 'a template, of which only the names of flags are read')
  } catch (error) {
    report.leave(path, error instanceof Error ? error.message : String(error))
    text = await readFile(path, 'utf8').catch(() => '')
  }
  for (const { key, index } of wordsOf(text)) report.mention(key, placeAt(index, text, path))
}

type ReportInProgress = ReturnType<typeof createReport>

/** Gathers what the files say. */
function createReport(flags: ReadonlySet<string>) {
  const uses = new Map<string, Place[]>()
  const mentions = new Map<string, Place[]>()
  const unknown: UnknownKey[] = []
  const dynamic: DynamicUse[] = []
  const unread: UnreadFile[] = []
  let filesRead = 0

  function mention(key: string, at: Place): void {
    const places = listIn(mentions, key)
    if (places.length < mostMentions) places.push(at)
  }

  function takeOne(finding: Finding, path: string, text: string): void {
    const { kind, node } = finding
    const at = placeOf(node, path)
    if (kind === 'dynamic') {
      dynamic.push({ at, text: excerpt(node, text) })
    } else if (flags.has(finding.key)) {
      if (kind === 'mention') mention(finding.key, at)
      else listIn(uses, finding.key).push(at)
    } else if (kind === 'use') {
      const nearest = nearestName(finding.key, flags)
      unknown.push({ key: finding.key, at, ...(nearest === undefined ? {} : { nearest }) })
    }
  }

  return {
    mention,
    leave(file: string, because: string): void {
      unread.push({ file, because })
    },
    take(path: string, text: string, findings: readonly Finding[]): void {
      filesRead += 1
      for (const finding of findings) takeOne(finding, path, text)
    },
    finish(): StaleReport {
      for (const flag of uses.keys()) mentions.delete(flag)
      const unused = [...flags].filter((flag) => !uses.has(flag) && !mentions.has(flag)).sort()
      const isComplete = dynamic.length === 0 && unread.length === 0
      return { filesRead, uses, mentions, unused, isComplete, unknown, dynamic, unread }
    },
  }
}

function listIn(lists: Map<string, Place[]>, key: string): Place[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

function placeOf({ loc }: SyntaxNode, file: string): Place {
  return { file, line: loc?.start.line ?? 1, column: (loc?.start.column ?? 0) + 1 }
}

function placeAt(index: number, text: string, file: string): Place {
  const before = text.slice(0, index)
  const line = before.split('\n').length
  return { file, line, column: index - before.lastIndexOf('\n') }
}

/** The expression in one short line. */
function excerpt({ start, end }: SyntaxNode, text: string): string {
  const whole = text.slice(Number(start), Number(end)).replaceAll(/\s+/g, ' ')
  return whole.length > 80 ? `${whole.slice(0, 79)}…` : whole
}
