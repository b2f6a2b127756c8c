import { randomUUID } from 'node:crypto'
import { SluiceError } from '@sluice/core'
import type { Alert, AlertSink } from '@sluice/guards/webhook'
import { type Clock, createEmitter, type Emitter, systemClock } from '@sluice/stores'
import type { RolloutController } from '../controller/controller.ts'
import type { RolloutLog } from '../controller/journal.ts'
import { createAlertBook, type Writing } from './alert-book.ts'
import { type AlertDelivery, createDelivery } from './delivery.ts'
import { type AlertSeverities, findConditions, type Heard } from './find-conditions.ts'
import {
  type AlertMemory,
  type AlertState,
  emptyMemory,
  nextAlerts,
  shortestRepeatMs,
} from './next-alerts.ts'
import { textOf } from './text-of.ts'

/** Of what alerts are made, and where they go. */
export interface AlertsOptions {
  /** Whose looks are listened to. */
  readonly controller: Pick<RolloutController, 'state' | 'on'>
  /** Where it is written what was told: the controller's replica. */
  readonly log: RolloutLog
  readonly environment: string
  readonly flag: string
  /** Default: none; alerts are events only. */
  readonly sinks?: readonly AlertSink[]
  /** By the guard's name; goes before the guard's own. Default: `critical` for what rolls back, else `warning`. */
  readonly severities?: AlertSeverities
  /** How often a condition that lasts is told again, in ms. Default and least: ten minutes. */
  readonly repeatMs?: number
  /** Who the log names. Default `alerts`. */
  readonly actor?: string
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Spreads the tries of a sink. Default `Math.random`. */
  readonly random?: () => number
}

/** What alerts tell in the process, and with which arguments. */
export interface AlertEvents {
  /** By the process that wrote it into the log, right after that. */
  alert: (alert: Alert) => void
  /**
   * `alert_delayed`, `alert_undelivered`: a sink failed, for now or for good. `alert_unrecorded`: the log cannot
   * be written. `alert_failed`: whatever else; it is tried again each second. `listener_failed`.
   */
  error: (error: SluiceError) => void
}

/** Tells people of one flag's rollouts in one environment. */
export interface Alerts {
  /** Begins to listen. */
  start(): void
  /** Listens no more; resolves, after two seconds at most, when what is on its way is delivered or given up. */
  stop(): Promise<void>
  on: Emitter<AlertEvents>['on']
  off: Emitter<AlertEvents>['off']
}

/** As often as controllers look. */
const beatMs = 1_000
/** Each lost race means that another process told something; more than this in a row is a storm. */
const maxLostRaces = 10

/**
 * Creates the alerts of a flag's rollouts. They do nothing by themselves until `start`.
 *
 * Start them beside each controller: an alert is told by whoever writes it into the log first, and is told
 * once, in whichever process it was found. While the log cannot be written for ten seconds, each process tells
 * what it finds by itself, and says so in the alert.
 *
 * @throws SluiceError `invalid_option` for a `repeatMs` under ten minutes.
 */
export function createAlerts(options: AlertsOptions): Alerts {
  const { controller, log, environment, flag, sinks = [], severities, repeatMs } = options
  const { actor = 'alerts', clock = systemClock, random = Math.random } = options
  checkRepeat(repeatMs)
  const emitter = createEmitter<AlertEvents>((name, cause) => {
    tellError('listener_failed', `A listener of "${name}" threw`, cause)
  })
  let stopListening: (() => Promise<void>) | undefined

  function tellError(code: string, what: string, cause: unknown): void {
    emitter.tell('error', new SluiceError(code, `${what}: ${textOf(cause)}`, { flag, cause }))
  }

  function listen(): () => Promise<void> {
    const book = createAlertBook({
      ...{ log, clock, environment, flag, actor },
      onError: (cause) => tellError('alert_unrecorded', 'What is told is not in the log', cause),
    })
    const onError = (error: SluiceError) => emitter.tell('error', error)
    const deliveries = sinks.map((sink) => createDelivery(sink, { clock, random, onError }))
    let memory = emptyMemory
    let heard: { readonly rollout: string | undefined; readonly what: Heard } | undefined
    /** Since the last look that was decided; while one waits for the log, no time is counted. */
    let passedMs = 0
    let attempt: Attempt | undefined
    let isRunning = true
    let turn: Promise<void> = Promise.resolve()

    /** A look tells its verdicts first. */
    function hear(what: Heard): void {
      const rollout = controller.state?.id
      const isMore = what.verdicts === undefined && heard?.rollout === rollout
      heard = { rollout, what: isMore ? { ...heard?.what, ...what } : what }
    }

    /** Beats are counted, and clocks are not asked: nobody sets a timer forward or back. */
    function beat(): void {
      turn = look()
        .catch((cause: unknown) => {
          tellError('alert_failed', 'An alert could not be decided or told', cause)
        })
        .finally(() => {
          if (isRunning) {
            cancel = clock.after(beatMs, () => {
              passedMs += beatMs
              beat()
            })
          }
        })
    }

    async function look(): Promise<void> {
      for (let lost = 0; lost <= maxLostRaces; lost += 1) {
        attempt ??= decide()
        if (attempt === undefined) return
        const outcome = await book.write(attempt.writing)
        // As it was decided, so that a try whose outcome was not seen is known for what it was.
        if (outcome === 'again') return
        const told = attempt
        attempt = undefined
        if (outcome === 'lost') continue
        settle(told.memory, told.heard)
        tell(told.alerts, deliveries, outcome === 'unrecorded')
        return
      }
    }

    function decide(): Attempt | undefined {
      const { state } = controller
      if (state === undefined) return undefined
      const now = clock.now()
      const { record, revision } = book.read()
      const what = heard?.rollout === state.id ? heard.what : {}
      const conditions = findConditions(state, what, { now, ...(severities && { severities }) })
      const seen = { flag, environment, rollout: state.id, passedMs, ...conditions }
      const before: AlertState = { record, memory }
      const next = nextAlerts(before, seen, now, repeatMs === undefined ? {} : { repeatMs })
      if (next.alerts.length > 0 && next.state.record !== undefined) {
        const reason = toReason(next.alerts)
        const writing = { record: next.state.record, revision, id: randomUUID(), reason }
        return { writing, alerts: next.alerts, memory: next.state.memory, heard }
      }
      settle(next.state.memory, heard)
      return undefined
    }

    function settle(after: AlertMemory, what: unknown): void {
      memory = after
      passedMs = 0
      // What was heard meanwhile is for the next look.
      if (heard === what) heard = undefined
    }

    const unsubscribe = [
      controller.on('verdicts', (verdicts) => hear({ verdicts })),
      controller.on('blind', (blind) => hear({ blind })),
      controller.on('rollback_pending', ({ error }) => {
        hear({ pendingRollback: textOf(error) })
      }),
    ]
    let cancel = clock.after(0, beat)

    return async () => {
      isRunning = false
      cancel()
      for (const end of unsubscribe) end()
      book.close()
      await turn
      // What was found is not kept back because the log could not be written.
      if (attempt !== undefined) tell(attempt.alerts, deliveries, true)
      await Promise.all(deliveries.map((delivery) => delivery.close()))
    }
  }

  function tell(
    alerts: readonly Alert[],
    deliveries: readonly AlertDelivery[],
    isUnrecorded: boolean,
  ): void {
    for (const alert of alerts) {
      const told: Alert = isUnrecorded ? { ...alert, isUnrecorded: true } : alert
      emitter.tell('alert', told)
      for (const delivery of deliveries) delivery.push(told)
    }
  }

  return {
    start() {
      stopListening ??= listen()
    },
    async stop() {
      const stop = stopListening
      stopListening = undefined
      await stop?.()
    },
    on: emitter.on,
    off: emitter.off,
  }
}

/** What is told once it stands in the log. */
interface Attempt {
  readonly writing: Writing
  readonly alerts: readonly Alert[]
  readonly memory: AlertMemory
  readonly heard: unknown
}

/** What a judge says may be anything; the log takes well-formed text, and a person reads its beginning. */
function toReason(alerts: readonly Alert[]): string {
  const lines = alerts.map(({ severity, status, condition, because }) => {
    return `${severity} ${condition} ${status}: ${because.slice(0, 300)}`
  })
  return lines
    .join('; ')
    .slice(0, 2_000)
    .replace(/\p{Cs}/gu, '\ufffd')
}

function checkRepeat(repeatMs: number | undefined): void {
  if (repeatMs === undefined || repeatMs >= shortestRepeatMs) return
  throw new SluiceError(
    'invalid_option',
    `repeatMs must be ten minutes or more, not ${repeatMs}.`,
    {
      pointer: '/repeatMs',
      expected: '600000 or more',
      found: String(repeatMs),
    },
  )
}
