import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue } from '../issue.ts'

/** The longest that a timer of Node's can wait, 24.8 days: a longer one would fire at once. */
const longestMs = 2 ** 31 - 1

/** A time limit in ms that 0 turns off. */
export const limitMs = z.int().min(0).max(longestMs)

const whole = z.int().min(0)
const from1 = z.int().min(1)
const callback = z.custom((value) => typeof value === 'function', 'a function')

/**
 * What is known of undici's `Pool.Options`. A pool is made with the first request of its origin: what is wrong there would else
 * be a failure of each request. Further options of undici's are handed on as they are.
 */
const pool = z.looseObject({
  connections: from1.nullish(),
  clientTtl: limitMs.nullish(),
  factory: callback.optional(),
  connect: z
    .union([z.record(z.string(), z.unknown()), callback], 'an object or a function')
    .optional(),
  headersTimeout: limitMs.optional(),
  bodyTimeout: limitMs.optional(),
  connectTimeout: limitMs.optional(),
  keepAliveTimeout: limitMs.min(1).optional(),
  keepAliveMaxTimeout: limitMs.min(1).optional(),
  keepAliveTimeoutThreshold: limitMs.optional(),
  maxHeaderSize: from1.optional(),
  maxRequestsPerClient: whole.optional(),
  maxResponseSize: z.int().min(-1).optional(),
  pipelining: whole.optional(),
  socketPath: z.string().optional(),
  localAddress: z.string().optional(),
  strictContentLength: z.boolean().optional(),
  allowH2: z.boolean().optional(),
})

/** The options of the dispatcher and the proxy that are neither arms nor weights. */
export const trafficSchema = z.looseObject({
  onDeadArm: z.enum(['fallback', 'fail']).optional(),
  pool: pool.optional(),
  keyOf: callback.optional(),
  onOutcome: callback.optional(),
  onEvent: callback.optional(),
  report: callback.optional(),
  now: callback.optional(),
})

/** @throws SluiceError `invalid_option`, with pointer, expected and found. */
export function checkOptions(schema: z.ZodType, options: unknown): void {
  const parsed = schema.safeParse(options)
  if (parsed.success) return
  const fault = describeIssue(parsed.error, options)
  throw new SluiceError(
    'invalid_option',
    `The traffic's options are refused at ${fault.pointer || 'their root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
