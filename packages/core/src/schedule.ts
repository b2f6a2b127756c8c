import type { Schedule } from './definition.ts'
import { instantOf } from './instant.ts'

/** A schedule with its instants in epoch milliseconds, open ends as infinities. */
export interface ScheduleWindow {
  readonly from: number
  readonly until: number
  readonly fullAt: number
}

/** Parses a schedule's instants once. */
export function scheduleWindow(schedule: Schedule): ScheduleWindow {
  const { from = -Infinity, until = Infinity, fullAt = from } = schedule
  return { from: instantOf(from), until: instantOf(until), fullAt: instantOf(fullAt) }
}

/**
 * How much of its rollout a scheduled flag has at an instant: a pure function of definition and now.
 *
 * @param now Epoch milliseconds. NaN is outside every window.
 * @returns undefined outside the window, else 0 to 1, clamped at both ends.
 */
export function rampShare(window: ScheduleWindow, now: number): number | undefined {
  if (!(now >= window.from && now < window.until)) return undefined
  if (now >= window.fullAt) return 1
  return (now - window.from) / (window.fullAt - window.from)
}
