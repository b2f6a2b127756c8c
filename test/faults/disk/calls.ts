type FileSystem = typeof import('node:fs/promises')

/** One call to the file system, before it is made. */
export interface DiskCall {
  readonly name: string
  readonly path: string
  /** The second path of a `link` or `rename`. */
  readonly to?: string
  /** How an `open` opens. */
  readonly flags?: string
  /** What a `writeFile` has written, once it is done. */
  readonly written?: () => Buffer
}

/** Decides what becomes of a call; `proceed` makes it. */
export type Gate = (call: DiskCall, proceed: () => Promise<unknown>) => Promise<unknown>

const simpleCalls = ['access', 'mkdir', 'readdir', 'readFile', 'stat', 'unlink'] as const

let gate: Gate = (_call, proceed) => proceed()

/** Puts every call of the code under test through a gate while `run` runs. */
export async function throughGate<T>(next: Gate, run: () => Promise<T>): Promise<T> {
  const previous = gate
  gate = next
  try {
    return await run()
  } finally {
    gate = previous
  }
}

/** `node:fs/promises` with a gate before it: what a test hands to `vi.mock`. */
export function interpose(real: FileSystem): FileSystem {
  const pass = <T>(call: DiskCall, proceed: () => Promise<T>) => gate(call, proceed) as Promise<T>
  const pathOf = new WeakMap<object, string>()
  const simple = simpleCalls.map((name) => {
    const call = real[name] as (path: string, ...rest: unknown[]) => Promise<unknown>
    const gated = (path: string, ...rest: unknown[]) =>
      pass({ name, path }, () => call(path, ...rest))
    return [name, gated]
  })

  return {
    ...real,
    ...Object.fromEntries(simple),

    link: (path: string, to: string) => pass({ name: 'link', path, to }, () => real.link(path, to)),

    rename: (path: string, to: string) =>
      pass({ name: 'rename', path, to }, () => real.rename(path, to)),

    async open(path: string, flags: string = 'r') {
      const handle = await pass({ name: 'open', path, flags }, () => real.open(path, flags))
      pathOf.set(handle, path)
      const { sync, close } = handle
      handle.sync = () => pass({ name: 'sync', path }, () => sync.call(handle))
      handle.close = () => pass({ name: 'close', path }, () => close.call(handle))
      return handle
    },

    writeFile(target: string | object, data: string | AsyncIterable<string>) {
      const path = typeof target === 'string' ? target : (pathOf.get(target) as string)
      const chunks: string[] = []
      const written = () => Buffer.from(chunks.join(''))
      return pass({ name: 'writeFile', path, written }, () =>
        real.writeFile(target as string, tee(data, chunks)),
      )
    },
  } as FileSystem
}

async function* tee(data: string | AsyncIterable<string>, chunks: string[]) {
  if (typeof data === 'string') {
    chunks.push(data)
    yield data
    return
  }
  for await (const chunk of data) {
    chunks.push(chunk)
    yield chunk
  }
}
