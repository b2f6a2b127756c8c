import { SluiceError } from '@sluice/core'
import type { Guard, MetricSource } from '@sluice/guards'
import type { Clock } from '@sluice/stores'
import type { ApprovalDesk } from '../approvals/subject.ts'
import { isAmong } from '../environment-name.ts'
import type { CohortSource } from '../evidence/calibrate.ts'
import type { CreateJudge } from '../evidence/judge.ts'
import type { Lease } from '../fleet/lease.ts'
import type { Plan } from '../plan/plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { RunGate } from './gates.ts'
import type { RolloutLog } from './journal.ts'

/** What a controller is made of. */
export interface RolloutControllerOptions {
  /** Where the log is read and written. */
  readonly replica: RolloutLog
  readonly environment: string
  readonly flag: string
  /** For rollouts started here; one that stands in the log keeps its own. Default: the policy's {@link canary}. */
  readonly plan?: Plan
  /** For rollouts started here. Without a guard a rollout only moves by `promote`. */
  readonly guards?: readonly Guard[]
  /** Where the counts of both arms come from. Without one, nothing is observed. */
  readonly source?: MetricSource
  /**
   * For rollouts started here: what was counted of each stage's subjects before they met the canary, so that a canary of
   * unlucky users is not taken for a bad one. Default: none; the subjects are taken to be alike.
   */
  readonly cohorts?: CohortSource
  /** For rollouts started here: the most a healthy canary is rolled back by chance. Default 0.01. */
  readonly alpha?: number
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Time between looks in milliseconds. Default 1,000. */
  readonly tickMs?: number
  /**
   * Time between checkpoints of what the guards have seen, in milliseconds: what a crash may lose. Each is a commit.
   * Default 60,000.
   */
  readonly checkpointMs?: number
  /** Who the log names for what happens by itself. Default `controller`. */
  readonly actor?: string
  /**
   * Spares the work where other processes run a controller of this flag too: while another is on duty,
   * `run` does not look. Commands of people never ask it. Default: none; each that runs looks.
   */
  readonly lease?: Lease
  /** The deployment policy: the default plan, the limits of a first stage, and where approvals are wanted. */
  readonly policy?: Policy
  /**
   * Who knows what is approved. With it, a rollout in an environment of `policy.approvals.requiredIn` waits for approval
   * before it exposes anybody. Default: none; no rollout asks, but for stages that name an approval themselves.
   */
  readonly approvals?: ApprovalDesk
  /** The checks that the plan's stages name. A name without a check here keeps its stage closed. */
  readonly gates?: Readonly<Record<string, RunGate>>
  /** Instead of guards over the source: whatever else can judge, such as a script in a test. */
  readonly judge?: CreateJudge
}

/**
 * Refuses times and shares that cannot be, and a plan that asks for what this controller does not have.
 *
 * @throws SluiceError `invalid_option`.
 */
export function checkOptions(
  plan: Plan,
  policy: Policy,
  options: RolloutControllerOptions & { alpha: number; tickMs: number; checkpointMs: number },
): void {
  const { alpha, tickMs, checkpointMs, gates = {}, approvals } = options
  checkRange('alpha', alpha, 1)
  checkRange('tickMs', tickMs, Number.POSITIVE_INFINITY)
  checkRange('checkpointMs', checkpointMs, Number.POSITIVE_INFINITY)
  for (const { gate = [], approval } of plan.stages) {
    for (const name of gate) {
      if (!Object.hasOwn(gates, name)) throw missing(`/gates/${name}`, 'a check of that name')
    }
    if (approval === undefined) continue
    if (approvals === undefined) throw missing('/approvals', `approvals, for ${approval}`)
    checkType(approval, policy, '/plan/stages')
  }
}

/**
 * Which approval a rollout needs before it begins; undefined where it needs none.
 *
 * @param type What the one who starts says it is. Default `minor`, or what the plan's first stage names.
 * @throws SluiceError `invalid_option` for a type that the policy does not know, or another one than the plan names.
 */
export function findApprovalType(
  {
    environment,
    approvals,
  }: { readonly environment: string; readonly approvals?: ApprovalDesk | undefined },
  plan: Pick<Plan, 'stages'>,
  policy: Policy,
  type: string | undefined,
): string | undefined {
  if (type !== undefined) checkType(type, policy, '/type')
  const own = plan.stages[0]?.approval
  const isAsked = approvals !== undefined && isAmong(policy.approvals.requiredIn, environment)
  return own === undefined && !isAsked ? undefined : approvalTypeOf(policy, type, own)
}

/**
 * The type under which approval is asked for.
 *
 * @param type What somebody says it is. Default: what the plan names, else `minor`.
 * @param own What the plan's first stage names.
 * @throws SluiceError `invalid_option` for a type that the policy does not know, or another one than the plan names.
 */
export function approvalTypeOf(
  policy: Policy,
  type: string | undefined,
  own: string | undefined,
): string {
  const needed = type ?? own ?? defaultType
  checkType(needed, policy, '/type')
  if (own === undefined || needed === own) return needed
  throw refuse('/type', `${own}, which the plan's first stage names`, needed)
}

/** What a change is taken for that nobody calls otherwise. */
const defaultType = 'minor'

function checkType(type: string, policy: Policy, pointer: string): void {
  const types = Object.keys(policy.approvals.types)
  if (!types.includes(type)) throw refuse(pointer, `one of ${types.join(', ')}`, type)
}

function checkRange(name: string, value: number, below: number): void {
  if (value > 0 && value < below) return
  const expected = below === 1 ? 'a number between 0 and 1' : 'a number above 0'
  throw new SluiceError('invalid_option', `${name} must be ${expected}, not ${value}.`, {
    pointer: `/${name}`,
    expected,
    found: String(value),
  })
}

function missing(pointer: string, expected: string): SluiceError {
  return refuse(pointer, `${expected}: the plan asks for it`, 'nothing')
}

function refuse(pointer: string, expected: string, found: string): SluiceError {
  return new SluiceError(
    'invalid_option',
    `The rollout is refused at ${pointer}: expected ${expected}, found ${found}.`,
    { pointer, expected, found },
  )
}
