import type { Json } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { z } from 'zod'
import { within } from '../controller/deadline.ts'
import { lap, type Stopwatch } from '../evidence/stopwatch.ts'
import { faultOf } from '../finding.ts'
import { finalError } from '../procedure/final-error.ts'
import { type StepContext, type StepOutcome, waitFor } from '../procedure/step.ts'
import { toReason } from '../transition/reason.ts'
import type { Check } from './deployment-contract.ts'

/** A minute of looks is lost by a crash, and each minute is two commits. */
const spanMs = 60_000
/** A look that takes longer has seen nothing. */
const lookLimitMs = 10_000
/** A process that missed this many looks was not watching. */
const gapLooks = 3

/** How long one attempt of {@link monitor} may take: every look of it as slow as a look may be. */
export function monitorTimeoutMs(everyMs: number): number {
  return (Math.ceil(spanMs / everyMs) + 2) * (everyMs + lookLimitMs)
}

const memoSchema = z.object({ observedMs: z.number().min(0) })

/**
 * Watches for a while, by time that was observed: a look that saw nothing, a process that slept and a clock that jumped count for
 * nothing. Ends with an error as soon as a look says that something is wrong.
 *
 * It looks for a minute, lets the log remember how much was seen, and goes on from there, in any process.
 *
 * @throws SluiceError `unhealthy`, with `detectedAt`.
 */
export async function monitor(
  look: Check,
  context: StepContext,
  options: { readonly monitorMs: number; readonly everyMs: number; readonly clock: Clock },
): Promise<StepOutcome> {
  const { monitorMs, everyMs, clock } = options
  const before = memoSchema.safeParse(context.memo).data?.observedMs ?? 0
  const looks = Math.max(1, Math.ceil(Math.min(spanMs, monitorMs - before) / everyMs))
  const subject = 'health'
  let watch: Stopwatch = { subject, observedMs: before, lastAt: undefined }
  let because = 'nothing was looked at yet'
  for (let count = 0; count <= looks; count += 1) {
    if (context.signal.aborted) throw context.signal.reason
    const askedAt = clock.now()
    const seen = await ask(look, context, clock)
    if (seen.fault !== undefined) throw finalError('unhealthy', seen.fault, askedAt)
    because = seen.unseen ?? ''
    const isSeen = seen.unseen === undefined
    // A slow look is no gap: how long it may take is limited, and the clock that says so may have jumped.
    const lookMs = Math.min(lookLimitMs, Math.max(0, clock.now() - askedAt))
    const gapLimitMs = gapLooks * everyMs + lookMs
    watch = lap(watch, { subject, isSeen, gapLimitMs }, clock.now())
    if (watch.observedMs >= monitorMs) return { observedMs: watch.observedMs }
    if (count < looks) await pause(everyMs, context, clock)
  }
  const { observedMs } = watch
  const memo: Json = { observedMs }
  const text = `${seconds(observedMs)} of ${seconds(monitorMs)} s observed`
  return waitFor(0, because === '' ? text : `${text}; ${because}`, memo)
}

async function ask(
  look: Check,
  context: StepContext,
  clock: Clock,
): Promise<{ readonly fault?: string; readonly unseen?: string }> {
  try {
    const asked = Promise.resolve().then(() => look(context))
    const fault = faultOf(await within(clock, lookLimitMs, asked, 'monitor'))
    return fault === undefined ? {} : { fault }
  } catch (error) {
    return {
      unseen: `nothing could be seen: ${toReason(error)}`,
    }
  }
}

/** Ends early where the step is told to stop. */
function pause(ms: number, { signal }: StepContext, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end, { keepsAlive: true })
    signal.addEventListener('abort', end)
  })
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
