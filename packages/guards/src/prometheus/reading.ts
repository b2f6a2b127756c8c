import { createAsk } from './ask.ts'
import { invalid } from './read-samples.ts'
import { type PrometheusServer, refuse } from './server.ts'

/** A query of one number. */
export interface PrometheusReadingOptions extends PrometheusServer {
  /** In PromQL: an instant vector of exactly one series. */
  readonly query: string
}

/**
 * A function that reads one number from a Prometheus: for a gauge, or for a guard of the application's own.
 *
 * It rejects with a SluiceError `metric_source_unreachable`, `metric_source_refused`, or `metric_source_invalid` where there is
 * not exactly one series, or its value is not finite.
 *
 * @throws SluiceError `invalid_metric_source`.
 */
export function createPrometheusReading(options: PrometheusReadingOptions): () => Promise<number> {
  const { query } = options
  if (typeof query !== 'string' || query.trim() === '') {
    throw refuse(`query must be a query, not ${JSON.stringify(query)}`)
  }
  const ask = createAsk(options)
  return async () => {
    const { samples } = await ask(query, query)
    const [sample] = samples
    if (sample === undefined || samples.length > 1) {
      throw invalid(query, `${samples.length} series where one is expected`)
    }
    if (!Number.isFinite(sample.value)) throw invalid(query, `its value is ${sample.value}`)
    return sample.value
  }
}
