import type { Exposure } from '@sluice/core'
import type { Commit } from '@sluice/stores'
import { readExposure } from '../transition/exposure.ts'

/** One change of a flag's exposure in one environment. */
export interface ExposureMove {
  readonly at: number
  readonly by: string
  readonly reason: string
  /** Undefined where the key was deleted: the definition rules again. */
  readonly exposure: Exposure | undefined
  /** Whether a rollout made it, in the commit that holds its own state. */
  readonly isOfRollout: boolean
}

/** What the log says of each flag: how its exposures moved, and who touched it. */
export interface FlagHistory {
  /** The moves of `exposure/<environment>/<flag>`, oldest first; empty where there was none. */
  moves(environment: string, flag: string): readonly ExposureMove[]
  /** When the flag is first met in the log, and by whose hand. */
  first(flag: string): { readonly at: number; readonly by: string } | undefined
}

const keyOfFlag = /^(?:flag\/|(?:exposure|rollout)\/[^/]+\/)(.+)$/su

/** The flag that a key of the log is about; undefined for keys of other things. */
export function flagOfKey(key: string): string | undefined {
  return keyOfFlag.exec(key)?.[1]
}

/** Sorts commits, oldest first, by the flags they are about. Others are passed over. */
export function readFlagHistory(commits: Iterable<Commit>): FlagHistory {
  const moves = new Map<string, ExposureMove[]>()
  const first = new Map<string, { at: number; by: string }>()
  for (const { at, actor: by, reason, changes } of commits) {
    const touched = new Set(changes.map(({ key }) => key))
    for (const { key, value } of changes) {
      const flag = flagOfKey(key)
      if (flag === undefined) continue
      if (!first.has(flag)) first.set(flag, { at, by })
      if (!key.startsWith('exposure/')) continue
      const isOfRollout = touched.has(`rollout/${key.slice('exposure/'.length)}`)
      const exposure = value === null ? undefined : readExposure(value)
      const list = moves.get(key) ?? []
      moves.set(key, list)
      list.push({ at, by, reason, exposure, isOfRollout })
    }
  }
  return {
    moves: (environment, flag) => moves.get(`exposure/${environment}/${flag}`) ?? [],
    first: (flag) => first.get(flag),
  }
}
