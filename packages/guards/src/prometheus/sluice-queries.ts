import type { ArmName } from '../counts.ts'
import { checkNames, type PrometheusTextOptions, writeLabels } from '../prometheus-text.ts'
import type { ArmQueries } from './arm-queries.ts'

/** Which of the counters that `prometheusText` writes are meant. */
export type SluiceQueryOptions = Omit<PrometheusTextOptions, 'flag'>

/**
 * The queries of both arms over what `recorder.prometheusText()` writes, for `createPrometheusSource`.
 *
 * @param options As given to `prometheusText`; `labels` may also be what Prometheus adds, such as `job`.
 * @throws SluiceError `invalid_metric_name`.
 */
export function sluiceQueries(
  flag: string,
  options: SluiceQueryOptions = {},
): { readonly stable: Required<ArmQueries>; readonly canary: Required<ArmQueries> } {
  const { prefix } = checkNames({ ...options, flag })
  const ofArm = (arm: ArmName) => {
    const selector = writeLabels({ ...options, flag }, { arm })
    return {
      requests: `${prefix}_requests_total${selector}`,
      errors: `${prefix}_errors_total${selector}`,
      latency: `${prefix}_request_duration_seconds_bucket${selector}`,
      failedUnits: `${prefix}_failed_units_total${selector}`,
      units: `${prefix}_units_total${selector}`,
    }
  }
  return { stable: ofArm('stable'), canary: ofArm('canary') }
}
