import { SluiceError } from '../error.ts'

/** An answer of a server, read to its end. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** The newest value of one series. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  /** Finite or not. */
  readonly value: number
}

/** What Prometheus knew at one moment. */
export interface Vector {
  /** For when it was evaluated, epoch ms by Prometheus's clock; undefined where it holds no sample. */
  readonly at: number | undefined
  readonly samples: readonly Sample[]
}

/** Prometheus's own words, and a proxy's page, are shown that far. */
const SHOWN = 200

/** @throws SluiceError `metric_source_unreachable`, `metric_source_refused`, `metric_source_invalid`. */
export function readAnswer({ status, text }: Answer, name: string, subject: string): Vector {
  const body = parse(text)
  if (status < 200 || status > 299) {
    const says = typeof body?.error === 'string' ? body.error : text
    // What may pass by itself is told from what a person must mend.
    const code = status >= 500 || status === 429 ? 'unreachable' : 'refused'
    throw fail(code, `answered ${status} (${shorten(says)})`)
  }
  if (body === undefined) throw fail('invalid', `gave no JSON (${shorten(text)})`)
  if (body.status !== 'success') {
    throw fail('refused', `gave the status ${body.status} (${shorten(String(body.error))})`)
  }
  const { resultType, result } = Object(body.data) as { resultType?: unknown; result?: unknown }
  if (resultType !== 'vector' || !Array.isArray(result)) {
    throw fail('invalid', `gave a ${shorten(String(resultType))}, not an instant vector`)
  }
  const entries = result.map(readEntry)
  return { at: entries[0]?.at, samples: entries }

  function readEntry(entry: unknown): Sample & { at: number } {
    const { metric, value, histogram } = Object(entry) as Record<string, unknown>
    if (histogram !== undefined) {
      throw fail('invalid', 'gave a native histogram; ask for the classic buckets, …_bucket')
    }
    const [seconds, digits] = Array.isArray(value) ? (value as unknown[]) : []
    if (!isLabels(metric) || !isTime(seconds) || typeof digits !== 'string') {
      throw fail('invalid', `gave what is no sample (${shorten(String(JSON.stringify(entry)))})`)
    }
    return { labels: metric, value: toNumber(digits), at: seconds * 1000 }
  }

  function fail(code: 'unreachable' | 'refused' | 'invalid', what: string): SluiceError {
    return new SluiceError(`metric_source_${code}`, `${name} ${what}, for ${subject}`)
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** Epoch seconds that a date can show. */
function isTime(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && Math.abs(seconds) <= 8.64e12
}

function isLabels(metric: unknown): metric is Record<string, string> {
  if (typeof metric !== 'object' || metric === null || Array.isArray(metric)) return false
  return Object.values(metric).every((value) => typeof value === 'string')
}

/** As Prometheus writes numbers: `1`, `1e+06`, `NaN`, `+Inf`, `-Inf`. */
export function toNumber(digits: string): number {
  if (digits === '+Inf' || digits === 'Inf') return Infinity
  if (digits === '-Inf') return -Infinity
  return digits.trim() === '' ? Number.NaN : Number(digits)
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line
}
