/** 3.214 → "3.21 ×"; without a finite ratio "many ×". */
export function sayRatio(ratio: number): string {
  return Number.isFinite(ratio) ? `${trim(ratio)} ×` : 'many ×'
}

/** 0.0123 → "1.23 %". */
export function sayPercent(share: number): string {
  return `${trim(share * 100)} %`
}

/** 268.4 → "268 ms". */
export function sayMs(ms: number | undefined): string {
  return ms === undefined ? 'no latency' : `${trim(ms)} ms`
}

/** Errors of requests, with separators. */
export function sayCounts(errors: number, requests: number): string {
  return `${sayNumber(errors)} of ${sayNumber(requests)}`
}

/** 1234567 → "1,234,567". */
export function sayNumber(value: number): string {
  // Not toLocaleString: it costs 20 µs a number, and verdicts are read every second.
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Three significant digits read well and never as 1e+3. */
function trim(value: number): string {
  return Math.abs(value) >= 100 ? sayNumber(value) : String(Number(value.toPrecision(3)))
}

/** 41.2 → "in about 42 s", 600 → "in about 10 min"; undefined → "in time". */
export function saySeconds(seconds: number | undefined): string {
  if (seconds === undefined) return 'in time'
  return seconds < 120
    ? `in about ${Math.ceil(seconds)} s`
    : `in about ${sayNumber(Math.ceil(seconds / 60))} min`
}
