import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { createRandom } from '../processes.ts'
import type { DiskCall, Gate } from './calls.ts'

/** A call that changed the disk, as far as it went. */
export type Step =
  | { readonly kind: 'create' | 'mkdir' | 'sync' | 'unlink'; readonly path: string }
  | { readonly kind: 'write'; readonly path: string; readonly data: Buffer }
  | { readonly kind: 'link' | 'rename'; readonly path: string; readonly to: string }

/** What a power cut leaves: files by their path below the root, and folders with no content. */
export type Remains = ReadonlyMap<string, Buffer | 'folder'>

/** How the disk takes a power cut. */
export type Mood =
  /** Nothing survives that was not synced. */
  | 'forgetful'
  /** Names survive, and the content that was not synced is zeros. */
  | 'hollow'
  /** Of what was not synced, anything may survive: each name or none, content torn or zero. */
  | number

/** Records the steps that the calls through it take below a root. */
export function createRecorder(root: string): { readonly steps: Step[]; readonly gate: Gate } {
  const steps: Step[] = []
  const gate: Gate = async (call, proceed) => {
    const result = await proceed()
    if (!relative(root, call.path).startsWith('..')) steps.push(...toSteps(call, result, root))
    return result
  }
  return { steps, gate }
}

function toSteps(call: DiskCall, result: unknown, root: string): Step[] {
  const path = relative(root, call.path)
  const to = relative(root, call.to ?? '')
  switch (call.name) {
    case 'open':
      return call.flags === 'r' ? [] : [{ kind: 'create', path }]
    case 'writeFile':
      return [{ kind: 'write', path, data: call.written!() }]
    case 'mkdir':
      // A recursive one answers the first folder that it made.
      return result === undefined ? [] : foldersBetween(relative(root, result as string), path)
    case 'link':
    case 'rename':
      return [{ kind: call.name, path, to }]
    case 'sync':
    case 'unlink':
      return [{ kind: call.name, path }]
    default:
      return []
  }
}

function foldersBetween(first: string, last: string): Step[] {
  const above = first === last ? [] : foldersBetween(first, dirname(last))
  return [...above, { kind: 'mkdir', path: last }]
}

interface File {
  data: Buffer
  synced: Buffer | undefined
}

type Entries = Map<string, Node>

interface Folder {
  /** What a process sees. */
  readonly names: Entries
  /** What the disk is sure of. */
  durable: Entries
  /** Changes of names since the last sync. */
  pending: ((entries: Entries) => void)[]
}

type Node = File | Folder

/** What the disk holds after the power fails behind these steps. */
export function cutPower(steps: readonly Step[], mood: Mood): Remains {
  const random = createRandom(typeof mood === 'number' ? mood : 0)
  const remains = new Map<string, Buffer | 'folder'>()

  function keep(folder: Folder, path: string): void {
    const entries = new Map(folder.durable)
    for (const change of folder.pending) {
      if (mood === 'hollow' || (mood !== 'forgetful' && random() < 0.5)) change(entries)
    }
    for (const [name, node] of entries) {
      const below = join(path, name)
      remains.set(below, isFolder(node) ? 'folder' : survive(node))
      if (isFolder(node)) keep(node, below)
    }
  }

  function survive({ data, synced }: File): Buffer {
    if (synced !== undefined && data.equals(synced)) return data
    const old = synced ?? Buffer.alloc(0)
    if (mood === 'forgetful') return old
    const zeros = Buffer.alloc(data.length)
    if (mood === 'hollow') return zeros
    const torn = data.subarray(0, Math.floor(random() * data.length))
    const padded = Buffer.concat([torn, zeros.subarray(torn.length)])
    const outcomes = [old, zeros, data, torn, padded]
    return outcomes[Math.floor(random() * outcomes.length)]!
  }

  keep(replay(steps), '')
  return remains
}

/**
 * The states of the disk that a power cut behind one of the steps may leave, each once for the same
 * promises. Leftovers of unfinished writes make no difference.
 *
 * @param from Steps that have been taken for certain.
 * @param countPromises How much had been promised after so many steps.
 */
export function* everyCut(
  steps: readonly Step[],
  moods: readonly Mood[],
  from: number,
  countPromises: (done: number) => number,
): Generator<{ readonly done: number; readonly mood: Mood; readonly remains: Remains }> {
  const seen = new Set<string>()
  for (let done = from; done <= steps.length; done += 1) {
    for (const mood of moods) {
      const seed = typeof mood === 'number' ? mood * 10_000 + done : mood
      const remains = cutPower(steps.slice(0, done), seed)
      const print = [...remains]
        .filter(([path]) => !path.endsWith('.tmp'))
        .map(([path, data]) => `${path}=${data.toString('hex')}`)
      const key = [countPromises(done), ...print.sort()].join('|')
      if (seen.has(key)) continue
      seen.add(key)
      yield { done, mood: seed, remains }
    }
  }
}

/** Puts what remains on a real disk. */
export function restorePower(remains: Remains, root: string): void {
  for (const [path, content] of remains) {
    if (content === 'folder') mkdirSync(join(root, path), { recursive: true })
    else writeFileSync(join(root, path), content)
  }
}

function replay(steps: readonly Step[]): Folder {
  const root = createFolder()
  // A file is synced through the handle it was created by, whatever its name is by then.
  const files = new Map<string, File>()

  function find(path: string): Folder {
    if (path === '' || path === '.') return root
    return find(dirname(path)).names.get(baseOf(path)) as Folder
  }

  function change(path: string, apply: (entries: Entries) => void): void {
    const folder = find(dirname(path))
    apply(folder.names)
    folder.pending.push(apply)
  }

  for (const step of steps) {
    const name = baseOf(step.path)
    switch (step.kind) {
      case 'create': {
        const file: File = { data: Buffer.alloc(0), synced: undefined }
        files.set(step.path, file)
        change(step.path, (entries) => entries.set(name, file))
        break
      }
      case 'write':
        files.get(step.path)!.data = step.data
        break
      case 'mkdir': {
        const folder = createFolder()
        change(step.path, (entries) => entries.set(name, folder))
        break
      }
      case 'sync': {
        const file = files.get(step.path)
        if (file !== undefined) file.synced = file.data
        else settle(find(step.path))
        break
      }
      case 'unlink':
        change(step.path, (entries) => entries.delete(name))
        break
      case 'link':
      case 'rename': {
        const node = find(dirname(step.path)).names.get(name)!
        change(step.to, (entries) => {
          entries.set(baseOf(step.to), node)
          if (step.kind === 'rename') entries.delete(name)
        })
      }
    }
  }
  return root
}

function settle(folder: Folder): void {
  folder.durable = new Map(folder.names)
  folder.pending = []
}

function createFolder(): Folder {
  return { names: new Map(), durable: new Map(), pending: [] }
}

function isFolder(node: Node): node is Folder {
  return 'names' in node
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
