import {
  type Counted,
  createArmCounts,
  type FleetProcess,
  type HealthCounts,
  quantileMs,
} from '@sluice/guards'
import type { FleetSource } from '@sluice/sdk'

/** What is shown of the traffic: totals, and the share of the last seconds. */
export interface ArmWindow {
  /** Reads the counts; to be called twice a second. Where they are not to be had, the last ones stay. */
  look(): Promise<void>
  /** The canary's share of the last three seconds, in percent. */
  servedPercent(): number
  readonly totals: HealthCounts
  /** Everything in one line. */
  summary(): string
  /** A line for each process, where there are several. */
  byProcess(): string[]
}

/** Six looks, two a second: three seconds. */
const looksKept = 6

/** Creates a window over what all processes count, from now on. */
export function createWindow(fleet: FleetSource): ArmWindow {
  let totals: HealthCounts = { stable: createArmCounts(), canary: createArmCounts() }
  let looks = [totals]
  const window: ArmWindow = {
    async look() {
      totals = await fleet.read().catch(() => totals)
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
    byProcess() {
      const processes = serving(fleet.processes())
      return processes.length < 2 ? [] : processes.map(describeProcess)
    },
  }
  return window
}

/** Without the process that only looks on. */
export function serving(processes: readonly FleetProcess[]): readonly FleetProcess[] {
  return processes.filter(({ stable, canary }) => stable.requests + canary.requests > 0)
}

/** What stands in the sum of one process. */
export function describeProcess({ processId, status, stable, canary }: FleetProcess): string {
  const arm = ({ requests, errors }: Counted) => `${requests} requests, ${errors} errors`
  return `${processId} (${status}): stable ${arm(stable)}; canary ${arm(canary)}`
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
