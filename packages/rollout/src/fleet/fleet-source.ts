import type { SluiceError } from '@sluice/core'
import {
  type Counted,
  createArmCounts,
  createFleetCounts,
  type FleetProcess,
  findLastDeclaration,
  type HealthCounts,
  type HealthRecorder,
  type MetricSource,
  type ProcessReport,
  sumArms,
} from '@sluice/guards'
import { type Clock, type Exchange, type SharedValue, systemClock } from '@sluice/stores'
import { hasNoExchange } from './has-no-exchange.ts'
import {
  healthKey,
  healthPrefix,
  type ProcessIdentity,
  readReport,
  refuseReport,
} from './health-report.ts'

/** What a fleet source is made of. */
export interface FleetSourceOptions {
  /**
   * Undefined where the store has none: then this process is the whole fleet. So it is where the
   * exchange answers `store_unsupported`, as that of a server over a store without one.
   */
  readonly exchange: Exchange | undefined
  readonly environment: string
  readonly flag: string
  /** This process, whose counts are read at once and not by way of the exchange. */
  readonly own?: ProcessIdentity & { readonly recorder: HealthRecorder }
  /**
   * Whether all that the processes to be seen counted since they began is the sum, be it that nobody asked before: for
   * who asks once. It falls where a process goes. Default false: see {@link FleetSource.read}.
   */
  readonly isWhole?: boolean
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Told of each value on the exchange that is not counted: once, until it is sound again. */
  readonly onRefused?: (error: SluiceError) => void
}

/** The counts of all processes that share a store, as one metric source. */
export interface FleetSource extends MetricSource {
  /**
   * The sum of what every process counted since this source first saw it; of this process, and of
   * one seen in its first ten seconds, all it counted. It never falls. What one of them declared
   * stands in it while that process is to be seen.
   *
   * @throws Whatever the exchange rejects with. What this process counted alone is never passed off
   * for the sum: without the others there are no data.
   */
  read(): Promise<HealthCounts>
  /** The processes as of the last read, this one first. */
  processes(): FleetProcess[]
}

/** Creates a source over the reports of a flag in an environment; {@link shareHealth} puts them there. */
export function createFleetSource(options: FleetSourceOptions): FleetSource {
  const { exchange, environment, flag, own, clock = systemClock, onRefused = () => {} } = options
  const { isWhole = false } = options
  const prefix = healthPrefix(environment, flag)
  const others = createFleetCounts()
  /** What was told of already. */
  let told: ReadonlySet<string> = new Set()

  /** Without a board nobody reports anything, and this process is the whole fleet. */
  async function collect(from: Exchange): Promise<SharedValue[]> {
    try {
      return await from.collect(prefix)
    } catch (error) {
      if (hasNoExchange(error)) return []
      throw error
    }
  }

  async function takeReports(from: Exchange): Promise<readonly ProcessReport[]> {
    const refused = new Map<string, SluiceError>()
    const reports: ProcessReport[] = []
    for (const shared of await collect(from)) {
      try {
        const report = readReport(shared, clock.now())
        if (report.incarnation !== own?.incarnation) reports.push(report)
      } catch (error) {
        refused.set(shared.key, error as SluiceError)
      }
    }
    for (const { processId, because } of others.take(reports, clock.now())) {
      const key = healthKey(environment, flag, processId)
      refused.set(key, refuseReport(key, because))
    }
    for (const [key, error] of refused) if (!told.has(key)) onRefused(error)
    told = new Set(refused.keys())
    return reports
  }

  return {
    async read() {
      const reports = exchange === undefined ? [] : await takeReports(exchange)
      const sum = isWhole ? addUp(reports) : others.read()
      if (own === undefined) return sum
      return addOwn(own.recorder.read(), sum)
    },

    processes() {
      const listed = others.processes(clock.now())
      return own === undefined ? listed : [describeOwn(own), ...listed]
    },
  }
}

function addUp(reports: readonly ProcessReport[]): HealthCounts {
  return reports.reduce<HealthCounts>(
    (sum, { counts }) => ({
      stable: sumArms(sum.stable, counts.stable),
      canary: sumArms(sum.canary, counts.canary),
    }),
    { stable: createArmCounts(), canary: createArmCounts() },
  )
}

/** Whether this process served lately nobody asks: once is enough to be one of those a user may have met. */
function addOwn(own: HealthCounts, others: HealthCounts): HealthCounts {
  const isServing = own.stable.requests + own.canary.requests > 0
  const processes = (others.processes ?? 0) + (isServing ? 1 : 0)
  const declared = findLastDeclaration(
    [own.declared, others.declared].filter((each) => each !== undefined),
  )
  return {
    stable: sumArms(own.stable, others.stable),
    canary: sumArms(own.canary, others.canary),
    ...(processes === 0 ? {} : { processes }),
    ...(declared === undefined ? {} : { declared }),
  }
}

function describeOwn({
  processId,
  incarnation,
  recorder,
}: NonNullable<FleetSourceOptions['own']>): FleetProcess {
  const { stable, canary } = recorder.read()
  const totals = ({ requests, errors }: Counted): Counted => ({ requests, errors })
  return {
    ...{ processId, incarnation, status: 'live', quietMs: 0 },
    stable: totals(stable),
    canary: totals(canary),
  }
}
