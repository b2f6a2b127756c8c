import { type Json, SluiceError } from '@sluice/core'
import { z } from 'zod'
import { environmentName } from '../environment-name.ts'
import { isProcedureOver, type ProcedureState, stepOf } from '../procedure/state.ts'
import { type Recorded, recordWith, type Step, waitFor } from '../procedure/step.ts'
import type { DeploymentLog } from './deployment-contract.ts'
import { type DeploymentTerms, deploymentKey } from './terms.ts'

/** While it waits, it is asked on every look whether the environment is free; this only shows in the log that it still waits. */
const askAgainMs = 3_600_000

/** The step that takes the environment. */
export const claimStepName = 'claim_environment'

/** Who works on an environment, or did so last: it counts as long as that run of that deployment is not over. */
const claimSchema = z.object({ schema: z.literal(1), key: z.string(), id: z.string() })
const holderSchema = z.looseObject({ id: z.string(), phase: z.string() })
const over: readonly string[] = [
  'succeeded',
  'undone',
  'failed',
] satisfies ProcedureState['phase'][]

/** Where the claim of an environment stands in the log. Not under `deployment/`: it is none. */
export function environmentClaimKey(environment: string): string {
  return `deploying/${environmentName(environment)}`
}

/**
 * Takes the environment, so that no two versions are brought there, or taken back, at once. It waits for the one that has it.
 *
 * The claim needs no release: it names a run of a deployment, and ends with that, in the same commit.
 */
export function claimStep(terms: DeploymentTerms, log: DeploymentLog): Step {
  const { environment } = terms
  const ownKey = deploymentKey(terms)
  const claimKey = environmentClaimKey(environment)
  return {
    name: claimStepName,
    run({ id }) {
      const basedOn = log.head.revision
      const { holder, heldBy } = readClaim(log, claimKey)
      if (heldBy !== undefined && heldBy !== id) {
        return waitFor(askAgainMs, `${environment} is taken by ${heldBy}: its end is waited for`)
      }
      // The one before may go back at this very moment.
      const before = holder === undefined || holder === ownKey ? [] : [holder]
      return recordWith(
        { ...toChange(terms, id), dependsOn: [claimKey, ...before], basedOn },
        // Of two claims the later one was decided after the earlier one was written.
        { position: basedOn },
      )
    },
    isReady({ id }) {
      const { heldBy } = readClaim(log, claimKey)
      return heldBy === undefined || heldBy === id
    },
  }
}

/**
 * What a deployment that was over writes when it goes back: it takes the environment once more.
 *
 * @returns Undefined where it has the environment still, or never had it.
 * @throws SluiceError `superseded` where another version was brought there after it and stands: its migration would be
 * taken back under that one.
 */
export function claimToGoBack(
  terms: DeploymentTerms,
  log: DeploymentLog,
  state: ProcedureState,
): Pick<Recorded, 'changes' | 'dependsOn'> | undefined {
  const position = positionIn(stepOf(state, claimStepName))
  if (position === undefined || !isProcedureOver(state)) return undefined
  const newer = findNewer(terms, log, position)
  if (newer !== undefined) {
    const { environment } = terms
    throw new SluiceError(
      'superseded',
      `${state.id} does not go back: ${newer.id} came to ${environment} after it and stands there (${newer.phase}), on what this one brought. Roll ${newer.id} back first.`,
      { expected: `${state.id} to be the latest in ${environment}`, found: newer.id },
    )
  }
  const dependsOn = [environmentClaimKey(terms.environment)]
  return { ...toChange(terms, state.id), dependsOn }
}

function toChange(terms: DeploymentTerms, id: string): Pick<Recorded, 'changes'> {
  const value: Json = { schema: 1, key: deploymentKey(terms), id }
  return { changes: [{ key: environmentClaimKey(terms.environment), value }] }
}

/** @returns `holder`: the key of the deployment that is named; `heldBy`: its id, as long as it counts. */
function readClaim(
  log: Pick<DeploymentLog, 'get'>,
  claimKey: string,
): { readonly holder?: string; readonly heldBy?: string } {
  const entry = log.get(claimKey)
  if (entry === undefined) return {}
  const claim = claimSchema.safeParse(entry.value).data
  // Doubt holds: a newer version may have written it.
  if (claim === undefined)
    return { heldBy: `a record that cannot be read (${claimKey} in the log)` }
  const { key: holder, id } = claim
  const owner = log.get(holder)
  if (owner === undefined) return { holder }
  const known = holderSchema.safeParse(owner.value).data
  const isOver = known !== undefined && (known.id !== id || over.includes(known.phase))
  return isOver ? { holder } : { holder, heldBy: id }
}

const deploymentSchema = z.looseObject({
  id: z.string(),
  phase: z.string(),
  left: z.array(z.unknown()).optional(),
  steps: z.array(z.looseObject({ name: z.string() })),
})

/** The latest deployment that took the environment after that position, and stands there, in whole or in part. */
function findNewer(
  terms: DeploymentTerms,
  log: Pick<DeploymentLog, 'entries'>,
  position: number,
): { readonly id: string; readonly phase: string } | undefined {
  const prefix = `deployment/${environmentName(terms.environment)}/`
  const found = log.entries(prefix).flatMap(({ value }) => {
    const known = deploymentSchema.safeParse(value).data
    if (known === undefined) return []
    const takenAt = positionIn(known.steps.find(({ name }) => name === claimStepName))
    if (takenAt === undefined || takenAt <= position) return []
    const isGone = known.phase === 'undone' || (known.phase === 'failed' && !known.left?.length)
    return isGone ? [] : [{ ...known, takenAt }]
  })
  return found.sort((one, other) => other.takenAt - one.takenAt)[0]
}

function positionIn(step: object | undefined): number | undefined {
  const { result } = { ...step } as { readonly result?: unknown }
  return z.object({ position: z.number() }).safeParse(result).data?.position
}
