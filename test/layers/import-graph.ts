import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type FileFacts, readFile } from './read-imports.ts'
import type { Package } from './read-workspace.ts'

/** One arrow from a file to what it imports. */
export interface Arrow {
  readonly specifier: string
  readonly isTypeOnly: boolean
  /** Where it leads: a file of the same package, a package's entry, or the platform. */
  readonly to:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'package'; readonly name: string; readonly entry: string }
    | { readonly kind: 'platform' }
}

/** A source file with its arrows. */
export interface SourceFile extends FileFacts {
  readonly path: string
  readonly arrows: readonly Arrow[]
}

/** Reads every file of a package and says where each import leads. */
export function readSources({ files }: Package): Map<string, SourceFile> {
  const sources = new Map<string, SourceFile>()
  for (const [path, text] of Object.entries(files)) {
    const facts = readFile(path, text)
    const arrows = facts.imports.map(
      ({ specifier, isTypeOnly }): Arrow => ({
        specifier,
        isTypeOnly,
        to: leadOf(path, specifier),
      }),
    )
    sources.set(path, { ...facts, path, arrows })
  }
  return sources
}

/** The files that a program loads, or a compiler reads, when it imports the entry file. */
export function reachableFrom(
  sources: ReadonlyMap<string, SourceFile>,
  entries: readonly string[],
): SourceFile[] {
  const reached = new Set(entries)
  // A set may grow while it is walked: new paths come at its end.
  for (const path of reached) {
    for (const { to } of sources.get(path)?.arrows ?? []) {
      if (to.kind === 'file') reached.add(to.path)
    }
  }
  return [...reached].flatMap((path) => sources.get(path) ?? [])
}

/** One cycle in a graph, as the nodes on it with the first one repeated, or undefined. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (node: string): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node]
    if (done.has(node)) return undefined
    trail.push(node)
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next)
      if (cycle !== undefined) return cycle
    }
    trail.pop()
    done.add(node)
    return undefined
  }
  for (const node of graph.keys()) {
    const cycle = visit(node)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

function leadOf(from: string, specifier: string): Arrow['to'] {
  if (isBuiltin(specifier)) return { kind: 'platform' }
  if (specifier.startsWith('.')) {
    return { kind: 'file', path: posix.join(posix.dirname(from), specifier) }
  }
  const parts = specifier.split('/')
  const length = specifier.startsWith('@') ? 2 : 1
  const entry = ['.', ...parts.slice(length)].join('/')
  return { kind: 'package', name: parts.slice(0, length).join('/'), entry }
}
