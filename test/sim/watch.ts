import { createGuardSet, type Guard, type Tick } from '@sluice/guards'
import { createRandom, type Random } from './random.ts'
import { createTick } from './traffic.ts'

/** Something that watches ticks and may raise the alarm: a real guard, or a contestant. */
export interface Watcher {
  observe(tick: Tick): void
  /** When a rollback was first asked for, on the ticks' clock; undefined while it was not. */
  findAlarmAt(): number | undefined
  /** The margin proven of the canary; see `Verdict.provenMargin`. Contestants prove none. */
  readProvenMargin?(): number | undefined
}

/** How a scenario ended over many runs. */
export interface Outcome {
  runs: number
  /** Runs in which a rollback was asked for after the onset. */
  alarms: number
  /** Runs in which it was asked for before the onset: they say nothing about detection. */
  earlyAlarms: number
  /** Mean seconds from the onset to the rollback over the alarmed runs. */
  meanSeconds: number
  /** How far chance moves `meanSeconds`: its standard error. */
  errorSeconds: number
}

/**
 * The guards as an application runs them.
 *
 * They look at every tick; a rollback once decided stands, and its verdict says when that was. So the verdicts need not be
 * read every second to count what a reader of every second would have seen.
 */
export function watchWith(guards: Guard[], alpha = 0.01): Watcher {
  const set = createGuardSet(guards, { alpha })
  return {
    observe: set.observe,
    findAlarmAt: () =>
      set
        .verdicts()
        .find(({ outcome, consequence }) => outcome === 'fail' && consequence === 'rollback')
        ?.decidedAt,
    readProvenMargin: () => set.verdicts()[0]?.provenMargin,
  }
}

/** The guards again; what only asks for a hold is an alarm, too, at the moment at which it is asked for. */
export function watchForAnyFailure(guards: Guard[], alpha = 0.01): Watcher {
  const set = createGuardSet(guards, { alpha })
  let at = 0
  return {
    observe(tick) {
      at = tick.at
      set.observe(tick)
    },
    findAlarmAt: () =>
      set
        .verdicts()
        .some(({ outcome, consequence }) => outcome === 'fail' && consequence !== 'warn')
        ? at
        : undefined,
  }
}

/** One scenario: how a second's tick is drawn, and how long a run lasts. */
export interface Scenario {
  runs: number
  seconds: number
  /** When the trouble begins, in seconds; detection is counted from there. Default 0. */
  onset?: number
  seed: number
  draw: Draw
  /** Where every run differs in more than chance from second to second: makes the run's `draw`. */
  prepare?(random: Random): Draw
}

/** Draws what both arms did in a second. */
export type Draw = (tick: Tick, second: number, random: Random) => void

/** Only how soon a finished run stops; the result does not depend on it. */
const ASK_EVERY_SECONDS = 20

/**
 * Runs a scenario against fresh watchers, each run with a seed of its own.
 *
 * @param onEnd Sees each watcher as its run left it.
 */
export function simulate(
  scenario: Scenario,
  createWatcher: () => Watcher,
  onEnd?: (watcher: Watcher) => void,
): Outcome {
  const onset = scenario.onset ?? 0
  let alarms = 0
  let earlyAlarms = 0
  let seconds = 0
  let squares = 0
  for (let run = 0; run < scenario.runs; run++) {
    const random = createRandom(scenario.seed * 100_003 + run)
    const watcher = createWatcher()
    const tick = createTick()
    const draw = scenario.prepare?.(random) ?? scenario.draw
    for (let second = 0; second < scenario.seconds; second++) {
      draw(tick, second, random)
      watcher.observe(tick)
      if (second % ASK_EVERY_SECONDS !== 0 && second !== scenario.seconds - 1) continue
      const alarmAt = watcher.findAlarmAt()
      if (alarmAt === undefined) continue
      const taken = alarmAt / 1000 - onset
      if (taken <= 0) {
        earlyAlarms++
        break
      }
      alarms++
      seconds += taken
      squares += taken ** 2
      break
    }
    onEnd?.(watcher)
  }
  const meanSeconds = seconds / alarms
  const errorSeconds = Math.sqrt((squares / alarms - meanSeconds ** 2) / alarms)
  return { runs: scenario.runs, alarms, earlyAlarms, meanSeconds, errorSeconds }
}
