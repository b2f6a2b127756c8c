import type { Clock } from '@sluice/stores'
import { makeAttempt, toStepError } from '../procedure/attempt.ts'
import type { Announcement, Announcer } from './announcement.ts'

/** Who was told, and who was not, and why. */
export interface Told {
  readonly told: readonly string[]
  readonly failed: readonly { readonly name: string; readonly because: string }[]
}

const maxTries = 3
const pauseMs = 2_000
const tryLimitMs = 10_000

/** Takes an announcement to every announcer, each tried three times. Never rejects: a chat that is down stops no deployment. */
export async function tellPeople(
  announcers: readonly Announcer[],
  announcement: Announcement,
  options: { readonly clock: Clock; readonly idempotencyKey: string },
): Promise<Told> {
  const { clock, idempotencyKey } = options
  const outcomes = await Promise.all(
    announcers.map(async (announcer) => {
      const { name } = announcer
      for (let tries = 1; ; tries += 1) {
        const { outcome } = makeAttempt(
          (signal) => announcer.announce(announcement, { signal, idempotencyKey }),
          { clock, timeoutMs: tryLimitMs, onLate: () => {} },
        )
        const ended = await outcome
        if (ended.type === 'answered') return { name, because: undefined }
        if (tries >= maxTries) {
          const because = ended.type === 'failed' ? toStepError(ended.error).message : 'stopped'
          return { name, because }
        }
        await new Promise<void>(
          (resolve) => void clock.after(pauseMs, resolve, { keepsAlive: true }),
        )
      }
    }),
  )
  return {
    told: outcomes.filter(({ because }) => because === undefined).map(({ name }) => name),
    failed: outcomes.flatMap(({ name, because }) =>
      because === undefined ? [] : [{ name, because }],
    ),
  }
}
