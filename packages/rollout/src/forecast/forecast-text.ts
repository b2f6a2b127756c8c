import type { StageForecast } from './forecast.ts'
import type { RatioForecast } from './ratio-forecast.ts'
import type { ForecastTraffic } from './traffic.ts'

/** The forecast as a table, one line per stage and comparison. */
export function sayForecast(stages: readonly StageForecast[], traffic: ForecastTraffic): string {
  const { requestsPerSecond, baselineErrorRatio, baselineP95Ms } = traffic
  const p95 = baselineP95Ms === undefined ? '' : `, p95 ${baselineP95Ms} ms`
  const parts = [
    `${requestsPerSecond} requests/s, ${round(100 * baselineErrorRatio)} % errors${p95}`,
    sayTable('Errors', 'errors', stages),
    ...(stages.some(({ latency }) => latency !== undefined)
      ? [sayTable('Latency', 'latency', stages)]
      : []),
    'Found: from this ratio to stable on, trouble that begins with the stage is found in it 95 times in 100.',
    "Proven: the margin a healthy canary is expected to prove by the end of the stage; then, in what time the policy's.",
  ]
  return `${parts.join('\n\n').replace('.\n\nProven', '.\nProven')}\n`
}

function sayTable(
  title: string,
  part: 'errors' | 'latency',
  stages: readonly StageForecast[],
): string {
  const first = stages.find((stage) => stage[part] !== undefined)?.[part]
  if (first === undefined) return `${title}: no guard compares them.`
  const ratios = Object.keys(first.secondsToFind).sort((a, b) => Number(a) - Number(b))
  const head = [
    title,
    'for',
    'found',
    ...ratios.map((ratio) => `× ${ratio} in`),
    'proven',
    `+ ${round(100 * first.policyMargin)} % in`,
  ]
  const rows = stages.map((stage) => sayRow(stage, stage[part], ratios))
  return [head, ...rows].map(sayLine).join('\n')
}

function sayRow(
  { rolloutPercent, monitorMs, isBlind }: StageForecast,
  found: RatioForecast | undefined,
  ratios: readonly string[],
): string[] {
  const start = [`  ${round(rolloutPercent)} %`, sayTime(monitorMs / 1000)]
  if (isBlind || found === undefined) return [...start, '   blind: only absolute guards see']
  const { smallestRatioFound, rollbackRatio, secondsToFind, smallestMarginProven } = found
  const consequence = smallestRatioFound < rollbackRatio ? ' (hold)' : ''
  return [
    ...start,
    smallestRatioFound === Infinity ? 'nothing' : `× ${round(smallestRatioFound)}${consequence}`,
    ...ratios.map((ratio) => sayTime(secondsToFind[ratio] ?? Infinity)),
    smallestMarginProven === Infinity ? 'nothing' : `+ ${round(100 * smallestMarginProven)} %`,
    sayTime(found.msToProvePolicy / 1000),
  ]
}

const widths = [9, 9, 16, 10, 10, 10, 11, 11]

function sayLine(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(9) : cell.padStart(widths[index] ?? 10)))
    .join('')
}

function sayTime(seconds: number): string {
  if (seconds === Infinity) return 'never'
  if (seconds < 100) return `${round(seconds)} s`
  if (seconds < 6_000) return `${round(seconds / 60)} min`
  if (seconds < 172_800) return `${round(seconds / 3_600)} h`
  return `${round(seconds / 86_400)} d`
}

/** Two digits: the third would be made up. */
function round(value: number): string {
  return String(Number(value.toPrecision(value >= 100 ? 3 : 2)))
}
