import type { RequestOutcome } from './request-guard.ts'
import { countResponse, type NodeRequest, type NodeResponse } from './request-guard-node.ts'

/** What a framework for web requests knows of one. */
export interface WebContext {
  readonly req: { readonly raw: object; header(name: string): string | undefined }
  /** On Node, its own request and response: `incoming`, `outgoing`. */
  readonly env: unknown
  /** The response, once `next` is done. */
  res: object
}

interface NodeBindings {
  readonly incoming: NodeRequest
  readonly outgoing: NodeResponse
}

/** Counts a response: on Node where it leaves, elsewhere at the end of its body. */
export function countContext(
  context: WebContext,
  start: () => RequestOutcome,
  next: () => Promise<void>,
): Promise<void> {
  // A web socket's life is not that of a request.
  if (context.req.header('upgrade')?.toLowerCase() === 'websocket') return next()
  const { incoming, outgoing } = (context.env ?? {}) as Partial<NodeBindings>
  if (incoming === undefined || outgoing === undefined) {
    return countWebResponse(context as { res: Response }, context.req.raw, start(), next)
  }
  countResponse(incoming, outgoing, start)
  return next()
}

/**
 * Counts a web response when its body has come to its end.
 *
 * If the client leaves before there is a response, it is an error; if it leaves the body, the response counts by its
 * status. A body that breaks by itself is an error.
 */
async function countWebResponse(
  context: { res: Response },
  { signal }: { readonly signal?: AbortSignal },
  outcome: RequestOutcome,
  next: () => Promise<void>,
): Promise<void> {
  signal?.addEventListener('abort', outcome.failed, { once: true })
  try {
    await next()
  } catch (error) {
    outcome.failed()
    throw error
  } finally {
    // Some platforms abort the signal of every request that is over.
    signal?.removeEventListener('abort', outcome.failed)
  }
  const { res } = context
  if (res.body === null) return outcome.answered(res.status)
  const followed = follow(res.body, res.status, outcome)
  context.res = new Response(followed, res)
}

/** The same body, read only as far as somebody reads it. */
function follow(
  body: ReadableStream<Uint8Array>,
  status: number,
  { answered, failed }: RequestOutcome,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          answered(status)
          controller.close()
        } catch (error) {
          failed()
          controller.error(error)
        }
      },
      cancel(reason) {
        answered(status)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
