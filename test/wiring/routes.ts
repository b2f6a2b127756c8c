import { Readable } from 'node:stream'

/** What a tried application does under `/<name>`, said once for all frameworks. */
export const statuses = { ok: 200, missing: 404, broken: 503, empty: 204 } as const

const chunk = (text: string) => Buffer.from(`${text}\n`)

/** Three chunks and an end. */
export const threeChunks = () => Readable.from(['one', 'two', 'three'].map(chunk))

/** One chunk, and then nothing until somebody breaks off. */
export function endless(): Readable {
  const stream = new Readable({ read() {} })
  stream.push(chunk('one'))
  return stream
}

/** One chunk, and then the error that an upstream's reset connection is. */
export function broken(): Readable {
  const stream = endless()
  const error = Object.assign(new Error('upstream'), { code: 'ECONNRESET', syscall: 'read' })
  // The chunk is to be on its way first.
  setTimeout(() => stream.destroy(error), 5)
  return stream
}

/** An error of the application, of which Express and Fastify make a 500. */
export const failure = () => new Error('the handler failed')
