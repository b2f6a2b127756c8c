/** When an origin is left out, and for how long. */
export interface EjectionLimits {
  /** Connections that fail in a row until the origin is left out: at least 1. Default 1. */
  readonly connectFailures: number
  /**
   * Answers of 500 and above, and broken ones, in a row until it is left out: at least 1. Default 5. Only while its arm has
   * another origin: an arm that answers badly as a whole is for its guards to judge.
   */
  readonly serverErrors: number
  /** How long the first time, in ms above 0; it doubles with each further one. Default 1 s. */
  readonly baseMs: number
  /** How long at most, in ms. Default 5 min. */
  readonly maxMs: number
}

/** Without configuration. The policy has no numbers for it; these are meant to be unremarkable. */
export const defaultEjection: EjectionLimits = Object.freeze({
  // Nobody listens there: the next request would meet the same.
  connectFailures: 1,
  // As Envoy's consecutive_5xx.
  serverErrors: 5,
  // About what a process takes to come back.
  baseMs: 1_000,
  // As Envoy's max_ejection_time.
  maxMs: 300_000,
})

/** Whether an origin takes requests. `ejections` counts those it has not yet lived down. */
export type OriginHealth =
  | {
      readonly phase: 'in'
      readonly connectFailures: number
      readonly serverErrors: number
      readonly ejections: number
      readonly since: number
    }
  /** Nothing is sent there before `until`. */
  | {
      readonly phase: 'out'
      readonly ejections: number
      readonly from: number
      readonly until: number
    }
  /** One request tries it; if nothing is known of it by `until`, another may. */
  | {
      readonly phase: 'trial'
      readonly ejections: number
      readonly from: number
      readonly until: number
    }

/** What a request found: an answer below 500, a bad or broken one, or nobody there. */
export type Finding = 'ok' | 'server_error' | 'connect_error'

/** An origin that nothing is known of. */
export const untried: OriginHealth = Object.freeze({
  phase: 'in',
  connectFailures: 0,
  serverErrors: 0,
  ejections: 0,
  since: Number.NEGATIVE_INFINITY,
})

/** Whether a request may go there now. A clock that stepped back, or tells no time, keeps nobody out. */
export function isOpen(health: OriginHealth, now: number): boolean {
  return health.phase === 'in' || !(now >= health.from && now < health.until)
}

/** The health once a request is sent there: of an origin that was left out it is the trial. */
export function onSent(health: OriginHealth, limits: EjectionLimits, now: number): OriginHealth {
  if (health.phase === 'in' || !isOpen(health, now)) return health
  const { ejections } = health
  return { phase: 'trial', ejections, from: now, until: now + pauseMs(ejections, limits) }
}

/** The health after what a request found. Pure; the same object where nothing changed. */
export function onFinding(
  health: OriginHealth,
  finding: Finding,
  limits: EjectionLimits,
  now: number,
  hasOthers: boolean,
): OriginHealth {
  const isTolerated = finding === 'server_error' && !hasOthers
  if (finding === 'ok' || (isTolerated && health.phase !== 'in'))
    return onAnswer(health, limits, now)
  if (health.phase === 'out') return health
  if (health.phase === 'trial') return eject(health.ejections, limits, now)
  const connectFailures = finding === 'connect_error' ? health.connectFailures + 1 : 0
  const serverErrors = health.serverErrors + (finding === 'server_error' ? 1 : 0)
  const isOut =
    connectFailures >= limits.connectFailures ||
    (serverErrors >= limits.serverErrors && !isTolerated)
  return isOut ? eject(health.ejections, limits, now) : { ...health, connectFailures, serverErrors }
}

/** It is lived down once the origin has been in for as long as it was out. */
function onAnswer(health: OriginHealth, limits: EjectionLimits, now: number): OriginHealth {
  if (health.phase !== 'in') return returned(health.ejections, now)
  const { connectFailures, serverErrors, ejections, since } = health
  if (connectFailures === 0 && serverErrors === 0 && ejections === 0) return health
  const isOver = now - since >= pauseMs(ejections, limits)
  return returned(isOver ? 0 : ejections, since)
}

function returned(ejections: number, since: number): OriginHealth {
  return { phase: 'in', connectFailures: 0, serverErrors: 0, ejections, since }
}

function eject(ejections: number, limits: EjectionLimits, now: number): OriginHealth {
  return {
    phase: 'out',
    ejections: ejections + 1,
    from: now,
    until: now + pauseMs(ejections + 1, limits),
  }
}

function pauseMs(ejections: number, { baseMs, maxMs }: EjectionLimits): number {
  return Math.min(baseMs * 2 ** Math.max(0, ejections - 1), maxMs)
}
