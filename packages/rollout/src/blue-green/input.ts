import { type Json, SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue } from '../issue.ts'

/** What a run was started with, as it stands in the log. */
export interface BlueGreenInput {
  readonly version: string
  /** The arm that was live when it started. */
  readonly live: string
  /** The arm that the version goes to. */
  readonly idle: string
  /** The type of approval that the switch waits for; absent: whoever started it had none to ask. */
  readonly type?: string
}

const schema = z.strictObject({
  version: z.string().min(1),
  live: z.string(),
  idle: z.string(),
  type: z.string().exactOptional(),
})

/** @throws SluiceError `invalid_input` with pointer, expected and found. */
export function readInput(input: Json): BlueGreenInput {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const fault = describeIssue(parsed.error, input)
  throw new SluiceError(
    'invalid_input',
    `The blue-green run in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
