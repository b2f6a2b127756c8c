import { SluiceError } from '@sluice/core'
import { describeIssue, type Fault } from '../issue.ts'
import { defaultPolicy } from './default-policy.ts'
import { findContradiction } from './find-contradiction.ts'
import { freeze } from './freeze.ts'
import type { Policy } from './policy.ts'
import { policySchema } from './policy-schema.ts'

/** Any part of a policy; what is not named stays. Lists are replaced, not merged; null takes an entry out of a record. */
export type PolicyOverrides = Overrides<Policy>

type Overrides<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: Overrides<T[Key]> | (string extends keyof T ? null : never) }
    : T

/**
 * The default policy with a team's own numbers.
 *
 * @returns Plain, frozen data.
 * @throws SluiceError `invalid_policy`, with pointer, expected and found: for a number out of its range, an unknown name,
 * and for numbers that contradict each other.
 */
export function definePolicy(overrides: PolicyOverrides = {}): Policy {
  return parsePolicy(lay(overrides, defaultPolicy))
}

/**
 * Reads a whole policy, such as one from a file.
 *
 * @throws SluiceError `invalid_policy`, as {@link definePolicy}.
 */
export function parsePolicy(input: unknown): Policy {
  const parsed = policySchema.safeParse(input)
  if (!parsed.success) throw refuse(describeIssue(parsed.error, input))
  const fault = findContradiction(parsed.data)
  if (fault !== undefined) throw refuse(fault)
  return freeze(parsed.data)
}

/** What overrides say, over what stands. */
function lay(over: unknown, base: unknown): unknown {
  if (over === undefined) return base
  if (!isRecord(over) || !isRecord(base)) return over
  const laid: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    // It would become the prototype, and go unseen by the schema.
    if (key === '__proto__')
      throw refuse({ pointer: `/${key}`, expected: 'a name of the policy', found: key })
    if (value === null) delete laid[key]
    else laid[key] = lay(value, Object.hasOwn(base, key) ? base[key] : undefined)
  }
  return laid
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_policy',
    `The policy is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
