import { type Forecast, forecast, type RatioForecast, type StageForecast } from '@sluice/rollout'
import { formatPercent } from '../bar.ts'
import { loadConfig } from '../config.ts'
import type { Context } from '../context.ts'
import { sayGuards } from '../rollout/describe-terms.ts'
import { findTerms, parseRatio, type TermsOptions } from '../rollout/terms.ts'
import { formatTable } from '../table.ts'
import { wrap } from '../text.ts'
import { formatDuration } from '../time.ts'
import { usageError } from '../usage-error.ts'

/** What `forecast` takes. */
export interface ForecastOptions extends TermsOptions {
  readonly rps?: string
  readonly baseline?: string
  readonly p95?: string
}

/** `forecast [KEY]`: what a rollout will find and prove, before it starts. Needs no store. */
export async function showForecast(
  context: Context,
  [flag = '*']: readonly [string | undefined],
  options: ForecastOptions,
): Promise<void> {
  const { world, globals, terminal } = context
  const { rps, baseline, p95 } = options
  if (rps === undefined || baseline === undefined) {
    throw usageError(
      'A forecast needs the traffic, and how much of it fails today.',
      'Add --rps 40 --baseline 0.5%, and --p95 120 for latencies.',
    )
  }
  const { config } = await loadConfig(world, globals)
  const { plan, guards, alpha } = await findTerms(flag, options, { config, cwd: world.cwd })
  const found = forecast(plan, {
    requestsPerSecond: parseAbove(rps, '--rps', '40'),
    baselineErrorRatio: parseRatio(baseline, '--baseline', '0.5%'),
    ...(p95 === undefined ? {} : { baselineP95Ms: parseAbove(p95, '--p95', '120') }),
    ...{ guards, alpha },
  })
  terminal.document({ plan, guards, alpha, stages: found.stages })
  const { width, color } = terminal
  terminal.print(
    `${rps} requests/s, ${baseline} errors${p95 === undefined ? '' : `, p95 ${p95} ms`}`,
    ...wrap(`guards: ${sayGuards(guards)}`, Math.min(width, 100)).map(color.dim),
    ...drawTable('errors', found, terminal),
    ...drawTable('latency', found, terminal),
    '',
    ...wrap(explanation, Math.min(width, 100)).map(color.dim),
  )
}

const explanation =
  'finds: the least trouble, as a ratio to stable, that is found within the stage 95 times in 100; in what time trouble of that ratio is found. proves: how much worse than stable a healthy canary is shown not to be by the end of the stage.'

function drawTable(
  part: 'errors' | 'latency',
  { stages }: Forecast,
  { width, color }: Context['terminal'],
): string[] {
  const first = stages.find((stage) => stage[part] !== undefined)?.[part]
  if (first === undefined) return []
  const ratios = Object.keys(first.secondsToFind).sort((one, other) => Number(one) - Number(other))
  return [
    '',
    ...formatTable(
      [
        { title: part },
        { title: 'for', align: 'right' },
        { title: 'finds' },
        ...ratios.map((ratio) => ({ title: `×${ratio} in`, align: 'right' as const })),
        { title: 'proves', align: 'right' },
      ],
      stages.map((stage) => toRow(stage, stage[part], ratios)),
      { width, title: color.dim },
    ),
  ]
}

function toRow(
  { rolloutPercent, monitorMs, isBlind }: StageForecast,
  found: RatioForecast | undefined,
  ratios: readonly string[],
): string[] {
  const start = [formatPercent(rolloutPercent), formatDuration(monitorMs)]
  if (isBlind || found === undefined) return [...start, 'no stable arm left']
  const { smallestRatioFound, rollbackRatio, secondsToFind, smallestMarginProven } = found
  const does = smallestRatioFound < rollbackRatio ? ' (holds)' : ''
  return [
    ...start,
    Number.isFinite(smallestRatioFound) ? `×${twoDigits(smallestRatioFound)}${does}` : 'nothing',
    ...ratios.map((ratio) => sayTime(secondsToFind[ratio])),
    Number.isFinite(smallestMarginProven)
      ? `+${twoDigits(100 * smallestMarginProven)} %`
      : 'nothing',
  ]
}

function sayTime(seconds = Number.POSITIVE_INFINITY): string {
  return Number.isFinite(seconds) ? formatDuration(1_000 * seconds) : 'never'
}

/** The third digit would be made up. */
function twoDigits(value: number): string {
  return String(Number(value.toPrecision(value >= 100 ? 3 : 2)))
}

function parseAbove(typed: string, option: string, example: string): number {
  const number = typed.trim() === '' ? Number.NaN : Number(typed)
  if (number > 0 && Number.isFinite(number)) return number
  throw usageError(`${option} ${typed} is no number above 0.`, `Write ${option} ${example}`)
}
