import type { Reading } from '../counts.ts'
import type { ProbeClock } from './ask.ts'
import { sayLine } from './ask.ts'
import { askUrl, type FetchUrl } from './ask-url.ts'
import { createClosing } from './closing.ts'
import { findProbes, type GuardLike, withFunctions } from './find-probes.ts'
import { look } from './look.ts'
import type { Finding } from './probe-verdict.ts'
import { createSystemGauges, type SystemGauges } from './system-gauges.ts'
import type { ProbeGuard } from './validate-probe.ts'

/** The newest reading of each guard, by its name; of those that have one. */
export type Readings = Readonly<Record<string, Reading>>

/** The guards of one rollout that look for themselves, at work. */
export interface Probes {
  /**
   * The newest readings, at once; what is due begins in the background and is among a later read's. Never throws.
   *
   * @param now Epoch ms.
   */
  read(now: number): Readings
  /** Ends what is under way: signals fire, nothing begins any more, and what comes later is thrown away. */
  close(): void
}

/** What probes work with. */
export interface ProbesOptions {
  readonly clock: ProbeClock
  /** Guards that have the functions which those of the rollout's state lack; by kind and name. */
  readonly given?: readonly GuardLike[]
  /** The machine's gauges; whoever gives them closes them. Default: gauges of its own. */
  readonly gauges?: SystemGauges
  /** Default: Node's own. */
  readonly fetch?: FetchUrl
}

/** Gauges are read at each tick, but not more often: a rate over less is mostly noise. */
const GAUGE_EVERY_MS = 500

/** Within it a function gives a number, or has none. */
const READ_TIMEOUT_MS = 5_000

/** Sets the guards that look for themselves to work; nothing begins before the first read. */
export function createProbes(
  guards: readonly GuardLike[],
  { clock, given = [], gauges, fetch = globalThis.fetch }: ProbesOptions,
): Probes {
  const closing = createClosing()
  let ownGauges: SystemGauges | undefined
  const readings = new Map<string, Reading>()
  const probes = withFunctions(findProbes(guards), given).map((guard) => ({
    guard,
    everyMs: guard.kind === 'check' ? guard.everyMs : GAUGE_EVERY_MS,
    startedAt: -Infinity,
    isBusy: false,
  }))

  function start(probe: (typeof probes)[number]): void {
    const { guard } = probe
    probe.isBusy = true
    void look((signal) => find(guard, signal), {
      clock,
      timeoutMs: guard.kind === 'check' ? guard.timeoutMs : READ_TIMEOUT_MS,
      retries: guard.kind === 'check' ? guard.retries : 0,
      closing,
      publish(finding) {
        if (!closing.isClosed) readings.set(guard.name, { at: clock.now(), ...finding })
      },
    }).finally(() => {
      probe.isBusy = false
    })
  }

  async function find(guard: ProbeGuard, signal: AbortSignal): Promise<Finding> {
    switch (guard.kind) {
      case 'check':
        if (guard.url !== undefined) {
          return askUrl(guard.url, guard.status ?? 200, { fetch, signal })
        }
        return guard.run ? readAnswer(await guard.run(signal)) : lacksFunction(guard)
      case 'custom_reading':
        return guard.read ? readNumbers(await guard.read()) : lacksFunction(guard)
      case 'gauge':
        if (guard.reader === 'system' && guard.metric !== 'custom') {
          ownGauges ??= gauges === undefined ? createSystemGauges() : undefined
          return (gauges ?? ownGauges!).read(guard.metric, guard.path)
        }
        return guard.read ? readNumber(await guard.read()) : lacksFunction(guard)
    }
  }

  return {
    read(now) {
      for (const probe of probes) {
        // A clock that stepped back must not put it off until that time comes again.
        const isDue = now - probe.startedAt >= probe.everyMs || now < probe.startedAt
        if (!isDue || probe.isBusy || closing.isClosed) continue
        probe.startedAt = now
        start(probe)
      }
      return Object.fromEntries(readings)
    },
    close() {
      closing.close()
      ownGauges?.close()
    },
  }
}

function readAnswer(answer: unknown): Finding {
  if (typeof answer === 'boolean') {
    return { ok: answer, because: answer ? 'the check is ok' : 'the check is not ok' }
  }
  const { ok, because } = Object(answer) as { ok?: unknown; because?: unknown }
  if (typeof ok !== 'boolean') {
    const found = answer === undefined ? 'nothing' : `neither yes nor no but ${typeof answer}`
    return { unknown: `it answered ${found}` }
  }
  const said = typeof because === 'string' ? sayLine(because) : ''
  return { ok, because: said || (ok ? 'the check is ok' : 'the check is not ok') }
}

function readNumber(value: unknown): Finding {
  if (isNumber(value)) return { value }
  return { unknown: `it gave ${sayFound(value)}, not a number` }
}

function readNumbers(numbers: unknown): Finding {
  const { stable, canary } = Object(numbers) as { stable?: unknown; canary?: unknown }
  if (isNumber(stable) && isNumber(canary)) return { stable, canary }
  return { unknown: `it gave ${sayFound(stable)} and ${sayFound(canary)}, not two numbers` }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function sayFound(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value
}

function lacksFunction({ kind, name }: ProbeGuard): Finding {
  return { unknown: `this process has no function for the ${kind} "${name}"` }
}
