import type { Alert } from '@sluice/guards/webhook'
import { type AlertRecord, type ToldCondition, tellingKey } from './alert-record.ts'

/** Something that is wrong at this look. */
export interface FoundCondition {
  readonly condition: string
  readonly severity: Alert['severity']
  readonly because: string
  readonly next: string
  readonly value?: number
  /** How long it must be found, at every look, before it is told. Default 0. */
  readonly forMs?: number
  /** It happened, once: told once in a rollout, and never over. */
  readonly isMoment?: true
}

/** What is known of a rollout now. */
export interface Seen {
  readonly flag: string
  readonly environment: string
  /** The rollout's id. */
  readonly rollout: string
  /** Time since the call before, in ms, by a clock that nobody can set. */
  readonly passedMs: number
  readonly found: readonly FoundCondition[]
  /** Conditions that are neither found nor clear: of these nothing is told, and they are not over. */
  readonly undecided: readonly string[]
  /** Whether a look was made: without one, what the last one found stays as it was. */
  readonly hasLooked: boolean
  /** Whether nothing could be seen for long: of what was found before nothing is known any more. */
  readonly isBlind?: boolean
  /** Why all that was found before is over: the rollout is. */
  readonly over?: string
}

/** How things stand with one condition, in the memory of one process. Times by {@link AlertMemory.steadyMs}. */
interface Standing {
  readonly found?: { readonly at: number; readonly steadyMs: number }
  readonly clearMs?: number
  /** The last look that found it, or found it clear. */
  readonly lookMs?: number
  readonly paged?: { readonly at: number; readonly steadyMs: number }
}

/** What a process remembers between looks. It is not in the log: a process that begins watches anew. */
export interface AlertMemory {
  /** Time that passed since the process began, by a clock that nobody can set. Undefined before the first look. */
  readonly steadyMs: number | undefined
  readonly rollout: string | undefined
  readonly standings: ReadonlyMap<string, Standing>
}

/** What was told, and what is remembered. */
export interface AlertState {
  readonly record: AlertRecord | undefined
  readonly memory: AlertMemory
}

/** The state, and what is to be told once it is durable. The same record object means: nothing to tell. */
export interface NextAlerts {
  readonly state: AlertState
  readonly alerts: readonly Alert[]
}

/** Never more than one page per condition and rollout in ten minutes. */
export const shortestRepeatMs = 600_000
/** Trouble that comes and goes within a minute is one trouble. */
const clearForMs = 60_000
/** Who has not looked for so long begins to watch anew: longer than any controller rests between two looks. */
const forgetAfterMs = 120_000

/** For so long a log that cannot be written delays an alert: longer than most outages, shorter than a person's patience. */
export const silentForMs = 10_000

/** The memory of a process that begins. */
export const emptyMemory: AlertMemory = {
  steadyMs: undefined,
  rollout: undefined,
  standings: new Map(),
}

/**
 * Decides what is to be told.
 *
 * A condition is told when it is found, and again each `repeatMs` for as long as it is; never sooner, not even
 * when it was over meanwhile. It is over when it was clear for a minute, which is told once. The time
 * between pages is the time that passed, so that no clock set forward or back shortens it; only for a
 * page from before this process began it is the clock's.
 *
 * @param now Epoch milliseconds: what alerts are stamped with.
 * @param options.repeatMs Default and least: {@link shortestRepeatMs}.
 */
export function nextAlerts(
  { record, memory }: AlertState,
  seen: Seen,
  now: number,
  { repeatMs = shortestRepeatMs }: { readonly repeatMs?: number } = {},
): NextAlerts {
  const steadyMs = (memory.steadyMs ?? 0) + Math.max(0, seen.passedMs)
  const alerts: Alert[] = []
  const isSame = record?.rollout === seen.rollout
  if (record !== undefined && !isSame) {
    for (const told of record.conditions) {
      if (told.isOpen) alerts.push(recovery(seen, told, record.rollout, anotherBegan, now))
    }
  }
  const told = new Map((isSame ? record.conditions : []).map((each) => [tellingKey(each), each]))
  const before = memory.rollout === seen.rollout ? memory.standings : new Map<string, Standing>()
  const standings = new Map<string, Standing>()
  const found = new Map(seen.found.map((each) => [tellingKey(each), each]))
  const open = (key: string) => told.get(key)?.isOpen === true

  for (const key of new Set([...found.keys(), ...told.keys(), ...before.keys()])) {
    const paged = findPage(key)
    const finding = found.get(key)
    const standing = finding === undefined ? stay(key) : find(key)
    standings.set(key, { ...standing, ...(paged === undefined ? {} : { paged }) })
    if (finding !== undefined) tellFinding(key, finding)
    else if (open(key) && isOver(standing)) tellRecovery(key)
  }

  const hasNews = alerts.length > 0
  const next: AlertRecord = { schema: 1, rollout: seen.rollout, conditions: [...told.values()] }
  return {
    state: {
      record: hasNews ? next : record,
      memory: { steadyMs, rollout: seen.rollout, standings },
    },
    alerts,
  }

  function findPage(key: string): Standing['paged'] {
    const at = told.get(key)?.pagedAt
    const known = before.get(key)?.paged
    if (at === undefined || known?.at === at) return known
    // Another process told it just now; or somebody did before this process began, and only clocks tell when.
    const agoMs = memory.steadyMs === undefined ? Math.max(0, now - at - silentForMs) : 0
    return { at, steadyMs: steadyMs - agoMs }
  }

  function find(key: string): Standing {
    const { found, lookMs } = before.get(key) ?? {}
    const isGoingOn = found !== undefined && isRecent(lookMs)
    return { found: isGoingOn ? found : { at: now, steadyMs }, lookMs: steadyMs }
  }

  function stay(key: string): Standing {
    const { clearMs, lookMs, ...last } = before.get(key) ?? {}
    const condition = key.slice(key.indexOf(':') + 1)
    // What is found critical is not over as a warning.
    const isGraver = found.has(tellingKey({ condition, severity: 'critical' }))
    const isUnknown = isGraver || seen.isBlind || seen.undecided.includes(condition)
    if (isUnknown) return {}
    if (seen.hasLooked || seen.over !== undefined) {
      const isGoingOn = clearMs !== undefined && isRecent(lookMs)
      return { clearMs: isGoingOn ? clearMs : steadyMs, lookMs: steadyMs }
    }
    return {
      ...last,
      ...(clearMs === undefined ? {} : { clearMs }),
      ...(lookMs === undefined ? {} : { lookMs }),
    }
  }

  /** Whoever has not looked for long, for another process does, knows nothing of what was meanwhile. */
  function isRecent(lookMs: number | undefined): boolean {
    return lookMs !== undefined && steadyMs - lookMs < forgetAfterMs
  }

  /** Only at a look: it was clear for as long as somebody saw it. */
  function isOver({ clearMs, lookMs }: Standing): boolean {
    return clearMs !== undefined && lookMs === steadyMs && steadyMs - clearMs >= clearForMs
  }

  function tellFinding(key: string, finding: FoundCondition): void {
    const standing = standings.get(key)
    const since = standing?.found ?? { at: now, steadyMs }
    if (steadyMs - since.steadyMs < (finding.forMs ?? 0)) return
    const last = told.get(key)
    if (last !== undefined && finding.isMoment) return
    const { paged } = standing ?? {}
    if (paged !== undefined && steadyMs - paged.steadyMs < Math.max(repeatMs, shortestRepeatMs)) {
      return
    }
    const { condition, severity, because, next, value, isMoment } = finding
    const telling: ToldCondition = {
      condition,
      severity,
      since: last?.isOpen ? last.since : since.at,
      pagedAt: now,
      pages: (last?.pages ?? 0) + 1,
      isOpen: isMoment !== true,
    }
    told.set(key, telling)
    standings.set(key, { ...standing, paged: { at: now, steadyMs } })
    alerts.push({
      ...describe(seen, telling, seen.rollout, now),
      status: 'firing',
      because,
      next,
      ...(value === undefined ? {} : { value }),
      ...(last === undefined ? {} : { repeats: last.pages }),
    })
  }

  function tellRecovery(key: string): void {
    const last = told.get(key)
    if (last === undefined) return
    told.set(key, { ...last, isOpen: false })
    const because = seen.over ?? `clear for ${clearForMs / 1_000} s`
    alerts.push(recovery(seen, last, seen.rollout, because, now))
  }
}

const anotherBegan = 'another rollout began'

function recovery(
  seen: Seen,
  told: ToldCondition,
  rollout: string,
  because: string,
  now: number,
): Alert {
  const alert = describe(seen, told, rollout, now)
  const next = 'Nothing is left to do about it.'
  return { ...alert, id: `${alert.id}/resolved`, status: 'resolved', because, next }
}

function describe(
  { flag, environment }: Seen,
  told: ToldCondition,
  rollout: string,
  now: number,
): Pick<
  Alert,
  'id' | 'condition' | 'severity' | 'flag' | 'environment' | 'rollout' | 'at' | 'since'
> {
  const { condition, severity, since, pagedAt } = told
  const id = `${environment}/${rollout}/${tellingKey(told)}/${pagedAt}`
  return { id, condition, severity, flag, environment, rollout, at: now, since }
}
