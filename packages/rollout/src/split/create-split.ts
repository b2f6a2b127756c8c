import { SluiceError, type Split } from '@sluice/core'
import type { Router } from '../router.ts'
import { checkWeights } from './check-weights.ts'
import { type Cut, createPartition } from './partition.ts'

/** What a split begins with. */
export interface SplitOptions<Arm extends string = string> {
  /**
   * Percent by arm name, summing to 100. The order matters: the first arm is the one the others take from. Names like `1`,
   * which JavaScript would put first, are refused.
   */
  readonly arms: Readonly<Record<Arm, number>>
  /**
   * What the keys are hashed with. Default `split`. With two arms and a flag's salt, its key as a rule, the second arm is who
   * the flag is on for at that percentage. Splits with one salt choose alike.
   */
  readonly salt?: string
  /** From [0, 1), for requests without a key. Default `Math.random`. */
  readonly random?: () => number
}

/**
 * Chooses an arm for a key. It is the router of one process: the application asks it.
 *
 * A key keeps its arm as long as the weights let it, in every process and for ever, for nothing is remembered.
 */
export interface TrafficSplit<Arm extends string = string> extends Router {
  /** The arms in declared order. */
  readonly arms: readonly Arm[]
  /** Percent by arm, with every arm; frozen. */
  readonly weights: Readonly<Record<Arm, number>>
  /**
   * The arm of a key. Never throws; for an ASCII key it allocates nothing.
   *
   * @param key A user's, as a flag's targeting key. Numbers count in decimal. Undefined, empty or anything else: an arm by
   * a random number, a new one each time.
   */
  pick(key?: string | number | bigint): Arm
  /** What {@link Router.apply} does, at once. */
  set(weights: Split): void
  read(): Promise<Readonly<Record<Arm, number>>>
}

/**
 * Splits subjects between arms by weight.
 *
 * @throws SluiceError `invalid_split`, with pointer, expected and found.
 */
export function createSplit<Arm extends string>(options: SplitOptions<Arm>): TrafficSplit<Arm> {
  const { salt = 'split', random = Math.random } = options
  const arms = armNames(options.arms) as Arm[]
  const partition = createPartition(salt, arms.length)
  let weights: Split
  let cut: Cut
  set(options.arms)

  function set(next: Split): void {
    weights = checkWeights(next, arms)
    cut = partition.cut(arms.map((arm) => weights[arm]!))
  }

  return {
    name: 'split',
    arms,
    get weights() {
      return weights as Readonly<Record<Arm, number>>
    },
    pick(key) {
      const text = typeof key === 'string' ? key : isExact(key) ? String(key) : ''
      return arms[text === '' ? cut.ofRandom(fraction(random())) : cut.ofKey(text)]!
    },
    set,
    // Async, so that weights that are refused reject.
    apply: async (next) => set(next),
    read: async () => weights as Readonly<Record<Arm, number>>,
  }
}

function isExact(key: unknown): boolean {
  return typeof key === 'bigint' || Number.isFinite(key)
}

/** A random number that is none chooses as 0 does, for a choice must be made. */
function fraction(random: number): number {
  return random >= 0 && random < 1 ? random : 0
}

function armNames(arms: unknown): string[] {
  const names = typeof arms === 'object' && arms !== null ? Object.keys(arms) : []
  const numeric = names.find((name) => /^\d+$/.test(name))
  if (names.length > 0 && numeric === undefined) return names
  const found = numeric === undefined ? 'none' : JSON.stringify(numeric)
  const expected = 'arms with names that are not numbers'
  const message = `The split is refused at its arms: expected ${expected}, found ${found}.`
  throw new SluiceError('invalid_split', message, { pointer: '', expected, found })
}
