import { refuse } from './answers.ts'
import type { WebRequest } from './web.ts'

/**
 * Reads a request's JSON.
 *
 * @throws SluiceError `unsupported_media_type` unless it is announced as JSON: a form of a web page
 * cannot do that; `too_large` beyond `maxBytes`; `bad_request` for anything but JSON in UTF-8.
 */
export async function readJson(request: WebRequest, maxBytes: number): Promise<unknown> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\b/i.test(type)) {
    throw refuse('unsupported_media_type', 'Send application/json.')
  }
  const bytes = await readBounded(request, maxBytes)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw refuse('bad_request', 'The body is no JSON in UTF-8.')
  }
}

async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > maxBytes) throw tooLarge(maxBytes)
  const reader = request.body?.getReader()
  const chunks: Uint8Array[] = []
  for (let length = 0; reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > maxBytes) {
      // Nobody waits for that: the sender may go on for ever.
      reader.cancel().catch(() => {})
      throw tooLarge(maxBytes)
    }
    chunks.push(value)
  }
  return Buffer.concat(chunks)
}

function tooLarge(maxBytes: number): Error {
  return refuse('too_large', `The body may have ${maxBytes} bytes.`)
}
