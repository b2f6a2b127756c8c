import type { Exposure, Json } from '@sluice/core'
import type { Replica } from '@sluice/stores'
import type { Evidence } from '../evidence/evidence.ts'
import type { Transition } from '../transition/event.ts'
import { readExposure } from '../transition/exposure.ts'
import type { RolloutState } from '../transition/state.ts'
import { parseRolloutState, refuseState } from '../transition/state-schema.ts'

/** What a rollout needs of the log: a replica, or anything with these of its members. */
export type RolloutLog = Pick<Replica, 'head' | 'get' | 'refresh' | 'commit' | 'history' | 'on'>

/** What the log says at one revision: the basis of a decision. */
export interface Reading {
  readonly revision: number
  readonly state: RolloutState | undefined
  readonly exposure: Exposure
  /** As it stands in the log; read it with `readEvidence`. */
  readonly evidence: unknown
}

/** A rollout's keys in the log: its state, the exposure, and what its guards have seen. */
export interface Journal {
  /** @throws SluiceError `invalid_rollout_state`. */
  read(): Reading
  /** The revision that last wrote the rollout's state; 0 where there is none. */
  revision(): number
  /**
   * Writes a transition as one commit.
   *
   * @throws SluiceError `conflict` where the rollout or the exposure was written after the reading;
   * whatever the replica throws.
   */
  write(reading: Reading, transition: Transition): Promise<void>
  /**
   * Writes what the guards have seen, and nothing else.
   *
   * @throws SluiceError `conflict` where evidence was written after that revision; whatever the replica throws.
   */
  writeEvidence(
    revision: number,
    evidence: Evidence,
    said: { readonly actor: string; readonly action: string; readonly reason: string },
  ): Promise<void>
  /** Who wrote the exposure that was read. */
  findMover(reading: Reading): Promise<string>
}

/** Opens the journal of a flag's rollout in an environment. */
export function openJournal(log: RolloutLog, environment: string, flag: string): Journal {
  const rolloutKey = `rollout/${environment}/${flag}`
  const exposureKey = `exposure/${environment}/${flag}`
  const evidenceKey = `evidence/${environment}/${flag}`
  let parsed: { value: Json; state: RolloutState } | undefined

  function readState(): RolloutState | undefined {
    const entry = log.get(rolloutKey)
    if (entry === undefined) return undefined
    // Values in the log are frozen: the same object is the same state.
    if (parsed?.value !== entry.value) {
      parsed = { value: entry.value, state: readOwn(entry.value) }
    }
    return parsed?.state
  }

  function readOwn(value: Json): RolloutState {
    const state = parseRolloutState(value)
    const own = { flag, environment }
    for (const name of ['flag', 'environment'] as const) {
      if (state[name] === own[name]) continue
      throw refuseState({ pointer: `/${name}`, expected: own[name], found: state[name] })
    }
    return state
  }

  return {
    read: () => ({
      revision: log.head.revision,
      state: readState(),
      exposure: readExposure(log.get(exposureKey)?.value),
      evidence: log.get(evidenceKey)?.value,
    }),

    revision: () => log.get(rolloutKey)?.revision ?? 0,

    async write({ revision }, { state, effects }) {
      const record = effects.find((effect) => effect.type === 'record')
      if (record === undefined) return
      const moved = effects.find((effect) => effect.type === 'set_exposure')
      const seen = effects.find((effect) => effect.type === 'set_evidence')
      const uses = effects.filter((effect) => effect.type === 'use_approval')
      const { actor, action, reason, ticket } = record
      await log.commit(
        {
          actor,
          action,
          reason,
          ticket,
          environment,
          changes: [
            { key: rolloutKey, value: toJson(state) },
            ...(moved === undefined ? [] : [{ key: exposureKey, value: toJson(moved.exposure) }]),
            ...(seen === undefined ? [] : [{ key: evidenceKey, value: toJson(seen.evidence) }]),
            ...uses.flatMap(({ changes }) => changes),
          ],
        },
        {
          dependsOn: [
            rolloutKey,
            exposureKey,
            ...(seen === undefined ? [] : [evidenceKey]),
            ...uses.flatMap(({ dependsOn }) => dependsOn),
          ],
          // An approval may have been looked up in a replica that has heard less.
          basedOn: Math.min(revision, ...uses.map(({ basedOn = revision }) => basedOn)),
        },
      )
    },

    async writeEvidence(revision, evidence, said) {
      const changes = [{ key: evidenceKey, value: toJson(evidence) }]
      await log.commit(
        { ...said, environment, changes },
        { dependsOn: [evidenceKey], basedOn: revision },
      )
    },

    async findMover({ revision }) {
      const commits = await log.history(exposureKey)
      return commits.findLast((commit) => commit.revision <= revision)?.actor ?? 'someone'
    },
  }
}

/** States, exposures and evidence are plain data by their types; the log checks and copies what it is given. */
function toJson(value: RolloutState | Exposure | Evidence): Json {
  return value as unknown as Json
}
