import type { EvaluationContext, FlagDefinitions, KeyOf } from '@sluice/core'
import { createHealthRecorder, type HealthRecorder } from '@sluice/guards'
import { type FlagClient, type OpenFlagsOptions, openFlags as openFlagClient } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { resolveEnvironment } from './environment.ts'
import { type Branches, runGuarded } from './guarded.ts'

/** A flag client that also runs and counts an application's branches. */
export interface Flags<D extends FlagDefinitions = FlagDefinitions> extends FlagClient<D> {
  /**
   * Evaluates a flag, runs the branch it chooses, times it and counts it for the guards.
   *
   * @returns The branch's result as it is. The branch's own error comes through.
   */
  guarded<On, Off>(key: KeyOf<D>, context: EvaluationContext, branches: Branches<On, Off>): On | Off
  /** What was counted for a flag in this process: the metric source of its rollout controller. */
  health(key: KeyOf<D>): HealthRecorder
}

/** {@link OpenFlagsOptions}, with a store of this process's own where none is given. */
export type FlagsOptions<D extends FlagDefinitions = FlagDefinitions> = Omit<
  OpenFlagsOptions<D>,
  'store'
> &
  Partial<Pick<OpenFlagsOptions<D>, 'store'>>

/**
 * Opens flags that follow a store, in the environment of this process.
 *
 * Without a store the log lives in this process's memory, and is gone with it.
 *
 * @throws SluiceError where the definitions from code, or a file's first ones, are refused.
 */
export function openFlags<const D extends FlagDefinitions = FlagDefinitions>(
  options: FlagsOptions<D> = {},
): Flags<D> {
  const client = openFlagClient<D>({
    ...options,
    store: options.store ?? createMemoryStore(),
    environment: resolveEnvironment(options.environment),
  })
  const recorders = new Map<string, HealthRecorder>()
  /** Counts what nobody reads. */
  const forUnknown = createHealthRecorder()
  const health = (key: string): HealthRecorder => {
    let recorder = recorders.get(key)
    if (recorder === undefined) {
      recorder = createHealthRecorder()
      recorders.set(key, recorder)
    }
    return recorder
  }
  const guarded: Flags<D>['guarded'] = (key, context, branches) => {
    // A recorder of its own for every misspelt key would grow without bound.
    const isKnown = recorders.has(key) || client.snapshot().inspect(key) !== undefined
    const recorder = isKnown ? health(key) : forUnknown
    return runGuarded(client.isEnabled(key, context), branches, recorder)
  }
  return Object.assign(client, { guarded, health })
}
