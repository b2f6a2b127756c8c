import { Agent, type Dispatcher, request } from 'undici'
import { SluiceError } from '../error.ts'
import { type Answer, readAnswer, type Vector } from './answer.ts'
import { checkServer, type PrometheusServer } from './server.ts'

/**
 * Asks for an instant vector.
 *
 * @param subject What is asked for, as errors name it.
 * @throws SluiceError `metric_source_unreachable`, `metric_source_refused`, `metric_source_invalid`.
 */
export type Ask = (query: string, subject: string) => Promise<Vector>

/** Some 20,000 series; a longer answer is not read to its end. */
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Prepares to ask a Prometheus; connects to nothing yet.
 *
 * @throws SluiceError `invalid_metric_source`.
 */
export function createAsk(server: PrometheusServer): Ask {
  const { endpoint, name, headers, timeoutMs } = checkServer(server)
  const dispatcher = (server.dispatcher as unknown as Dispatcher | undefined) ?? new Agent()

  async function send(query: string, subject: string): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const { statusCode, body } = await request(endpoint, {
        // A query in a body may be longer than any URL.
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ query }).toString(),
        dispatcher,
        signal,
        // Time is ours to keep: undici's timeouts begin anew with every byte.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      return { status: statusCode, text: await readBounded(body) }
    } catch (cause) {
      if (cause instanceof SluiceError) throw cause
      const what = signal.aborted ? `no whole answer within ${timeoutMs} ms` : describe(cause)
      throw new SluiceError('metric_source_unreachable', `${name}: ${what}, for ${subject}`, {
        cause,
      })
    }
  }

  async function readBounded(body: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of body) {
      length += chunk.length
      if (length > MAX_BYTES) {
        const message = `${name}: an answer longer than ${MAX_BYTES} bytes; ask for fewer series`
        throw new SluiceError('metric_source_invalid', message)
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  return async (query, subject) => readAnswer(await send(query, subject), name, subject)
}

/** What an error says, where it may say it in its code only. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || (cause as NodeJS.ErrnoException).code || cause.name
}
