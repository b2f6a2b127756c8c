import type { ArmName } from '../counts.ts'
import { type PrometheusServer, refuse } from './server.ts'

/**
 * The queries of one arm, in PromQL. Each answers an instant vector of counters, not of rates, with a series for each
 * process: `http_requests_total{app="shop", track="canary"}`, or `sum by (instance) (…)`. Series are told apart by
 * their labels.
 */
export interface ArmQueries {
  readonly requests: string
  /** Of these, those that failed. Default: none is known to have. */
  readonly errors?: string
  /** Buckets of a classic histogram: `http_request_duration_seconds_bucket{…}`. Keep `le`. */
  readonly latency?: string
  /** Errors, at most one per unit and minute; see `ArmCounts.failedUnits`. */
  readonly failedUnits?: string
  /** Units seen for the first time; see `ArmCounts.units`. */
  readonly units?: string
}

/** Of what a source over Prometheus is made. */
export interface PrometheusSourceOptions extends PrometheusServer {
  readonly stable: ArmQueries
  readonly canary: ArmQueries
  /** In what the bounds of the latency buckets are written. Default `seconds`, as Prometheus advises. */
  readonly latencyUnit?: 'seconds' | 'milliseconds'
}

/** One query, and what it is for. */
export interface RoleQuery {
  readonly arm: ArmName
  readonly role: keyof ArmQueries
  readonly query: string
  /** As errors name it. */
  readonly subject: string
}

const roles = ['requests', 'errors', 'latency', 'failedUnits', 'units'] as const

/** The outermost of what makes a rate of a counter: its value falls and rises, and means nothing here. */
const rates = /\b(i?rate|increase|i?delta|deriv)\s*\(/

/**
 * All queries of a source.
 *
 * @throws SluiceError `invalid_metric_source` for an arm without `requests`, an empty query, or a rate.
 */
export function listQueries(options: PrometheusSourceOptions): RoleQuery[] {
  return (['stable', 'canary'] as const).flatMap((arm) =>
    roles.flatMap((role) => {
      const query = options[arm]?.[role]
      if (query === undefined && role !== 'requests') return []
      if (typeof query !== 'string' || query.trim() === '') {
        throw refuse(`${arm}.${role} must be a query, not ${JSON.stringify(query)}`)
      }
      if (rates.test(query)) {
        throw refuse(`${arm}.${role} must ask for a counter, not for a rate of one: ${query}`)
      }
      return [{ arm, role, query, subject: `${arm}.${role}, ${query}` }]
    }),
  )
}

/** The label by which the parts of a joint answer are told apart. */
export const roleLabel = 'sluice_query'

/**
 * One query for all: Prometheus answers it from one view of its data, so that no scrape falls between an arm's requests
 * and its errors.
 */
export function joinQueries(queries: readonly RoleQuery[]): string {
  return queries
    .map(({ arm, role, query }) => {
      // On lines of their own: a query may end in a comment.
      return `label_replace(\n${query}\n, "${roleLabel}", "${arm}.${role}", "", "")`
    })
    .join(' or ')
}
