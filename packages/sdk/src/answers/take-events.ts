import { type EvaluationContext, isSluiceError, targetingKeyOf } from '@sluice/core'
import { isSeriesName, MOST_SERIES } from '@sluice/guards'
import type { FlagClient } from '@sluice/stores'
import { readJson } from '@sluice/stores/node-listener'
import { type CountEvent, createEventCounter } from '../business-events.ts'
import { unfit } from './check-options.ts'
import { refusal, sharedHeaders } from './replies.ts'

/**
 * Takes the business events of one user from a request.
 *
 * @param asker The request as the application knows it: Express may have read its body already.
 */
export type TakeEvents = (
  web: Request,
  asker: unknown,
  context: EvaluationContext,
) => Promise<Response>

/** 50 events with the longest names there are, and room to spare. */
const maxBytes = 16_000
const mostEvents = 50

const statusOf: { readonly [code: string]: number } = {
  bad_request: 400,
  too_large: 413,
  unsupported_media_type: 415,
}

/**
 * Counts what pages send of the events that are named here, and nothing else.
 *
 * A page says whose answers it shows. Events that were gathered before somebody else signed in count for nobody.
 *
 * @throws SluiceError `invalid_option` for flags that count nothing.
 */
export function createEventTaker(flags: object, names: readonly string[]): TakeEvents {
  const known = new Set(checkNames(names))
  const found = createEventCounter(flags as FlagClient)
  if (found === undefined) throw unfit('events', 'left out: only flags of openFlags count', names)
  const count: CountEvent = found

  return async (web, asker, context) => {
    let body: unknown
    try {
      body = parsedBody(web, asker) ?? (await readJson(web, maxBytes))
    } catch (error) {
      const status = isSluiceError(error) ? statusOf[error.code] : undefined
      if (status !== undefined) return refusal(status, (error as Error).message)
      // Who leaves in the middle of a body is no failure of the server's: nobody is woken by it.
      if (web.signal.aborted) return refusal(400, 'The body ended early.')
      throw error
    }
    if (!isBatch(body))
      return refusal(400, `Send {"events": [["name", 1]]}, ${mostEvents} at most.`)
    if (body.targetingKey !== targetingKeyOf(context)) {
      return refusal(409, 'These are the events of somebody else.')
    }
    let missed: string | undefined
    for (const [name, value] of body.events) {
      const isKnown = known.has(name)
      if (isKnown && isAmount(value)) count(name, context, value)
      else missed ??= `Not counted: ${JSON.stringify(name)}. ${isKnown ? toAmount : toName}`
    }
    if (missed !== undefined) return refusal(422, missed)
    return new Response(null, { status: 204, headers: sharedHeaders })
  }
}

const toName = 'Name it in `events`.'
const toAmount = 'Its value must be a number of at least 0, or left out.'

function isAmount(value: unknown): value is number | undefined {
  return value === undefined || (Number.isFinite(value) && (value as number) >= 0)
}

/** A name that a recorder does not keep would be answered with 204, and never counted. */
function checkNames(names: unknown): readonly string[] {
  if (Array.isArray(names) && names.length <= MOST_SERIES && names.every(isSeriesName)) return names
  throw unfit('events', `a list of at most ${MOST_SERIES} names of 1 to 64 characters`, names)
}

/**
 * What `express.json()` leaves, where the application has it in front. Of a form it would leave an object, too; and other
 * parsers leave an empty one of a body that they do not read.
 *
 * @throws Error Where somebody else has read the body, and left nothing.
 */
function parsedBody({ headers }: Request, asker: unknown): unknown {
  const { body, readableEnded } = asker as { body?: unknown; readableEnded?: boolean }
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '')
  if (!isJson || readableEnded !== true) return undefined
  if (typeof body === 'object') return body
  throw new Error(
    "answersHandler: the request's body was read before. Put what it held on Node's request: request.raw.body = request.body in Fastify.",
  )
}

interface Batch {
  readonly targetingKey?: unknown
  readonly events: readonly (readonly [name: string, value?: unknown])[]
}

function isBatch(body: unknown): body is Batch {
  const { events } = (body ?? {}) as { events?: unknown }
  return (
    Array.isArray(events) &&
    events.length <= mostEvents &&
    events.every((each) => Array.isArray(each) && typeof each[0] === 'string')
  )
}
