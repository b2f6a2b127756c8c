import { quantileMs } from '@sluice/guards'
import type { HealthRecorder } from '@sluice/sdk'

/** What is shown of the traffic: totals, and the share of the last seconds. */
export interface ArmWindow {
  /** Reads the recorder; to be called twice a second. */
  look(): void
  /** The canary's share of the last three seconds, in percent. */
  servedPercent(): number
  readonly totals: ReturnType<HealthRecorder['read']>
  /** Everything in one line. */
  summary(): string
}

/** Six looks, two a second: three seconds. */
const looksKept = 6

/** Creates a window over a recorder, from now on. */
export function createWindow(recorder: HealthRecorder): ArmWindow {
  let totals = recorder.read()
  let looks = [totals]
  const window: ArmWindow = {
    look() {
      totals = recorder.read()
      looks = [...looks, totals].slice(-looksKept - 1)
    },
    servedPercent() {
      const [first = totals] = looks
      const canary = totals.canary.requests - first.canary.requests
      const all = canary + totals.stable.requests - first.stable.requests
      return all === 0 ? 0 : (canary / all) * 100
    },
    get totals() {
      return totals
    },
    summary: () =>
      `served ${window.servedPercent().toFixed(1)} % to the canary; ` +
      (['stable', 'canary'] as const)
        .map((arm) => `${arm} ${totals[arm].requests} requests, ${totals[arm].errors} errors`)
        .join('; '),
  }
  return window
}

/** A table with one row per arm. */
export function armRows({ totals }: ArmWindow): string[] {
  const rows = (['stable', 'canary'] as const).map((arm) => {
    const { requests, errors, latency } = totals[arm]
    const ratio = requests === 0 ? '–' : `${((errors / requests) * 100).toFixed(1)} %`
    const p95 = quantileMs(latency, 0.95)
    const p95Text = requests === 0 || p95 === undefined ? '–' : `${p95.toFixed(1)} ms`
    return [arm, requests.toLocaleString('en'), String(errors), ratio, p95Text]
  })
  return [['', 'requests', 'errors', 'ratio', 'p95'], ...rows].map(([name = '', ...cells]) =>
    [name.padEnd(11), ...cells.map((cell) => cell.padStart(9))].join(' '),
  )
}
