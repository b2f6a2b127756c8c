import {
  type Exposure,
  type FlagDefinition,
  isSluiceError,
  SluiceError,
  type Split,
} from '@sluice/core'
import { parseExposure } from '@sluice/core/schema'
import { exposureKey, flagKey, rolloutKey } from './flag-keys.ts'
import type { FlagView } from './flag-view-contract.ts'
import type { Replica } from './replica-contract.ts'
import type { Commit } from './store.ts'

/** Who changes something, and why: no change is written without. */
export interface ChangeNote {
  /** A person, or the name of a machine. */
  readonly actor: string
  readonly reason: string
  readonly ticket?: string
}

/** What operators do to a flag in the client's environment; each is one commit. */
export interface FlagCommands<Key extends string = string> {
  /**
   * Sets the percentage of subjects inside.
   *
   * It moves the percentage only: a flag that is not enabled stays off.
   *
   * @param percent 0 to 100.
   * @throws SluiceError `flag_not_found`, `out_of_range`, `invalid_type`, `conflict` where someone else
   * moved the flag at the same moment, and whatever the store refuses. Nothing has changed then.
   */
  setRollout(key: Key, percent: number, note: ChangeNote): Promise<Commit>
  /**
   * Sets the shares between variants, in percent; they sum to 100.
   *
   * @throws SluiceError As `setRollout`; `missing_variant`.
   */
  setSplit(key: Key, split: Split, note: ChangeNote): Promise<Commit>
  /** Turns the flag on, at the percentage it has. @throws SluiceError As `setRollout`. */
  enable(key: Key, note: ChangeNote): Promise<Commit>
  /**
   * The kill switch: turns the flag off for everybody, keeping the percentage for later.
   *
   * Going down waits for nobody: where someone else moves the flag at the same moment, it is turned
   * off after them.
   *
   * A process without the flag's definition can do so too, where the log knows the flag.
   *
   * @throws SluiceError `flag_not_found`, and whatever the store refuses.
   */
  disable(key: Key, note: ChangeNote): Promise<Commit>
}

/** A flag as a command sees it; without a definition where only the log knows it. */
interface KnownFlag {
  readonly key: string
  readonly definition: FlagDefinition | undefined
  readonly exposure: Exposure | undefined
}

/** A flag that moves at every attempt is being fought over; the caller should know. */
const mostAttempts = 20

/** The commands over a replica; the view tells which flags there are. */
export function createFlagCommands(
  replica: Replica,
  view: FlagView,
  environment: string,
): FlagCommands {
  async function move(
    action: string,
    key: string,
    note: ChangeNote,
    change: (flag: KnownFlag) => Exposure,
  ): Promise<Commit> {
    await replica.refresh()
    const flag = view.current.inspect(key) ?? flagInLog(key)
    if (flag === undefined) throw unknownFlag(key, environment)
    const exposure = { ...flag.exposure, ...change(flag) }
    const written = exposureKey(environment, key)
    // From untyped code the note may be missing altogether; the replica says what it lacks.
    const { actor, reason, ticket } = note ?? {}
    const changes = [{ key: written, value: { ...exposure } }]
    const draft = { actor, action, reason, ticket, environment, changes }
    return replica.commit(draft, { dependsOn: [written, flagKey(key)] })
  }

  /**
   * A flag that this process has no definition of, such as an operator's script, though the log
   * knows it.
   */
  function flagInLog(key: string): KnownFlag | undefined {
    const keys = [exposureKey(environment, key), rolloutKey(environment, key), flagKey(key)]
    const [exposed, ...others] = keys.map((each) => replica.get(each))
    if (exposed === undefined && others.every((each) => each === undefined)) return undefined
    const exposure = exposed && (exposed.value as Exposure)
    return { key, definition: undefined, exposure }
  }

  return {
    setRollout: (key, rollout, note) =>
      move('set_rollout', key, note, (flag) => check(flag, { rollout })),
    setSplit: (key, split, note) => move('set_split', key, note, (flag) => check(flag, { split })),
    enable: (key, note) => move('enable', key, note, (flag) => check(flag, { enabled: true })),
    async disable(key, note) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await move('disable', key, note, () => ({ enabled: false }))
        } catch (error) {
          const isLost = isSluiceError(error) && error.code === 'conflict'
          if (!isLost || attempt === mostAttempts) throw error
        }
      }
    },
  }
}

/**
 * Checks what is to change, together with what it leaves as it is.
 *
 * A split that stands from before and does not fit this process's definition is not in service here,
 * nor the fault of whoever moves something else.
 */
function check({ key, definition, exposure }: KnownFlag, change: Exposure): Exposure {
  for (const [name, value] of Object.entries(change)) {
    // The schema would take it for a setting that is left out.
    if (value === undefined) throw missing(key, name)
  }
  const { split, ...rest } = exposure ?? {}
  if (definition === undefined && change.split !== undefined) throw undefinedFlag(key)
  const variants = definition && variantsOf(definition)
  const fits = split && Object.keys(split).every((name) => variants?.includes(name) ?? true)
  parseExposure(key, { ...rest, ...(fits === true ? { split } : {}), ...change }, definition)
  return change
}

function variantsOf({ variants }: FlagDefinition): string[] {
  return variants === undefined ? ['on', 'off'] : Object.keys(variants)
}

function unknownFlag(flag: string, environment: string): SluiceError {
  return new SluiceError(
    'flag_not_found',
    `There is no flag "${flag}" for ${environment}; nothing was written. Check the key, or define the ` +
      'flag in code, in a file or in the log first.',
    { flag },
  )
}

function undefinedFlag(flag: string): SluiceError {
  return new SluiceError(
    'flag_not_found',
    `This process has no definition of "${flag}", and so does not know its variants; nothing was written.`,
    { flag },
  )
}

function missing(flag: string, name: string): SluiceError {
  const details = { flag, pointer: `/${name}`, expected: 'a value', found: 'undefined' }
  return new SluiceError('invalid_type', `flag "${flag}": ${name} must be given`, details)
}
