import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { assertDone, faultOf, type HookAnswer } from '../finding.ts'
import { toReason } from '../transition/reason.ts'
import { assertWanted } from '../wanted.ts'
import type { InstanceContext, RollingHooks } from './hooks.ts'
import { entryOf, type InstanceBook } from './instance-book.ts'

/** What the work on instances is made of. */
export interface InstanceWorkOptions {
  readonly hooks: RollingHooks
  readonly book: InstanceBook
  readonly clock: Clock
  readonly hookTimeoutMs: number
}

/** One instance, and what is to run on it. */
export interface InstanceMove {
  readonly instance: string
  readonly version: string
  /** What ran on it before the update. */
  readonly before: string
  /** How long it has to become healthy, in milliseconds. */
  readonly healthTimeoutMs: number
  readonly id: string
  readonly signal: AbortSignal
}

/** Works on single instances. Each is done at once where the log says that it is so already. */
export interface InstanceWork {
  /** Takes it out, deploys, waits until it is healthy, and puts it back. */
  update(move: InstanceMove): Promise<void>
  /** The same, back to the version before. */
  revert(move: InstanceMove): Promise<void>
  /** @throws SluiceError `instance_unhealthy` where it is not healthy now, nor in the next moments. */
  confirm(move: InstanceMove): Promise<void>
}

/** Whose health is asked for, and how. */
interface HealthCheck {
  readonly instance: string
  readonly context: InstanceContext
  readonly healthTimeoutMs: number
}

/** A process that starts answers its health check within some seconds; asked each second it is seen at once. */
const checkEveryMs = 1_000
/** One check alone may be lost on the way: three noes in a row are a no. */
const confirmNoes = 3
/** A check that does not answer in this time has answered. */
const checkTimeoutMs = 10_000

/**
 * The time that a check and the pause behind it took. What cannot be is that of a clock that jumped, or stands still: that
 * shortens and prolongs nothing.
 */
function timeOf(tookMs: number): number {
  const isPossible = tookMs > checkEveryMs && tookMs <= checkTimeoutMs + 2 * checkEveryMs
  return isPossible ? tookMs : checkEveryMs
}

/** Creates the work on single instances. */
export function createInstanceWork(options: InstanceWorkOptions): InstanceWork {
  const { hooks, book, clock, hookTimeoutMs } = options

  async function move(
    { instance, before, healthTimeoutMs, id, signal }: InstanceMove,
    to: string,
    install: (instance: string, context: InstanceContext) => HookAnswer,
  ): Promise<void> {
    assertWanted(signal)
    const found = entryOf(book.read(), instance)
    if (found?.version === to && !found.isOut) return
    const context = { version: to, idempotencyKey: `${id}/${instance}/${to}`, signal }
    // In the log before it is touched: whoever carries on knows that what runs there is in doubt.
    const from = found?.version ?? before
    await book.set(instance, { version: from, isOut: true }, says('take_out', instance, from, to))
    await call('takeOut', () => hooks.takeOut(instance, context), signal)
    await call('deploy', () => install(instance, context), signal)
    const check = { instance, context, healthTimeoutMs }
    await untilHealthy(check, ({ spentMs }) => spentMs >= healthTimeoutMs)
    await call('putBack', () => hooks.putBack(instance, context), signal)
    await book.set(instance, { version: to }, says('put_back', instance, from, to))
  }

  async function untilHealthy(
    check: HealthCheck,
    isEnough: (seen: { readonly noes: number; readonly spentMs: number }) => boolean,
  ): Promise<void> {
    const { instance, context } = check
    let spentMs = 0
    for (let noes = 1; ; noes += 1) {
      const askedAt = clock.now()
      const because = await findTrouble(check)
      if (because === undefined) return
      if (isEnough({ noes, spentMs })) throw unhealthy(instance, context.version, because)
      await new Promise<void>((resolve) => {
        clock.after(checkEveryMs, resolve, { keepsAlive: true })
      })
      assertWanted(context.signal)
      spentMs += timeOf(clock.now() - askedAt)
    }
  }

  async function findTrouble({
    instance,
    context,
    healthTimeoutMs,
  }: HealthCheck): Promise<string | undefined> {
    try {
      const limitMs = Math.min(checkTimeoutMs, healthTimeoutMs)
      return faultOf(await inTime('check', limitMs, async () => hooks.check(instance, context)))
    } catch (error) {
      return toReason(error)
    }
  }

  async function call(name: string, hook: () => HookAnswer, signal: AbortSignal): Promise<void> {
    assertWanted(signal)
    await inTime(name, hookTimeoutMs, async () => assertDone(name, hook()))
    assertWanted(signal)
  }

  function inTime<T>(name: string, limitMs: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = () => {
        const message = `The hook ${name} did not end within ${limitMs} ms.`
        reject(new SluiceError('hook_timeout', message))
      }
      const cancel = clock.after(limitMs, late, { keepsAlive: true })
      work().then(resolve, reject).finally(cancel)
    })
  }

  return {
    update: (each) => move(each, each.version, hooks.deploy),
    revert: (each) => move(each, each.before, hooks.revert ?? hooks.deploy),
    async confirm({ instance, version, healthTimeoutMs, id, signal }) {
      const context = { version, idempotencyKey: `${id}/${instance}/${version}`, signal }
      await untilHealthy({ instance, context, healthTimeoutMs }, ({ noes }) => noes >= confirmNoes)
    },
  }
}

function says(action: string, instance: string, from: string, to: string) {
  return { action, reason: `${instance} goes from ${from} to ${to}` }
}

function unhealthy(instance: string, version: string, because: string): SluiceError {
  return new SluiceError(
    'instance_unhealthy',
    `${instance} is not healthy with ${version}: ${because}`,
  )
}
