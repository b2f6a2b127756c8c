import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'

/** Which arm of a service is live, and what each arm runs, as it stands under `traffic/<environment>/<service>`. */
export interface TrafficRecord {
  /** The version of this record's shape in the log. */
  readonly schema: 1
  /** The arm that serves when no rollout is under way. */
  readonly live: string
  /** The arm that is free, and gets the share of the service's exposure. */
  readonly idle: string
  /** What runs on each arm; an arm that runs nothing is not in it. */
  readonly versions: Readonly<Record<string, string>>
}

const name = z.string().min(1)

const schema: z.ZodType<TrafficRecord> = z.strictObject({
  schema: z.literal(1),
  live: name,
  idle: name,
  versions: z.record(name, name),
})

/** The key of a service's record in the log. */
export function trafficKey(environment: string, service: string): string {
  return `traffic/${environment}/${service}`
}

/**
 * Reads a service's record as it stands in the log.
 *
 * @throws SluiceError `invalid_traffic_record` with pointer, expected and found.
 */
export function parseTrafficRecord(value: unknown): TrafficRecord {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw refuse(describeIssue(parsed.error, value))
  const { live, idle, versions } = parsed.data
  if (live === idle) throw refuse({ pointer: '/idle', expected: 'another arm', found: idle })
  const stranger = Object.keys(versions).find((arm) => arm !== live && arm !== idle)
  if (stranger === undefined) return parsed.data
  throw refuse({
    pointer: `/versions/${stranger}`,
    expected: `${live} or ${idle}`,
    found: stranger,
  })
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_traffic_record',
    `The traffic record in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}. Traffic stays as it is.`,
    fault,
  )
}
