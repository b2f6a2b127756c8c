import { setTimeout as sleep } from 'node:timers/promises'
import type { HealthRecorder } from '@sluice/guards'

/** What the shop's users met. */
export interface Traffic {
  /** Requests that nobody answered. */
  readonly dropped: number
  /** Answers by version. */
  readonly answers: Readonly<Record<string, number>>
  stop(): Promise<void>
}

/** Eight users who ask again and again, each answer counted under the role of the arm that gave it. */
export function startTraffic(
  url: string,
  recorder: HealthRecorder,
  roleOf: (arm: string) => 'stable' | 'canary' | undefined,
): Traffic {
  const answers: Record<string, number> = {}
  let dropped = 0
  let isOver = false

  async function use(): Promise<void> {
    while (!isOver) {
      const begunAt = performance.now()
      try {
        const response = await fetch(url)
        await response.arrayBuffer()
        const version = response.headers.get('x-version') ?? 'nobody'
        if (version === 'nobody') dropped += 1
        answers[version] = (answers[version] ?? 0) + 1
        const arm = roleOf(response.headers.get('x-arm') ?? '')
        const durationMs = performance.now() - begunAt
        if (arm !== undefined) recorder.observe({ arm, ok: response.ok, durationMs })
      } catch {
        dropped += 1
      }
      await sleep(15)
    }
  }

  const users = Array.from({ length: 8 }, use)
  return {
    answers,
    get dropped() {
      return dropped
    },
    async stop() {
      isOver = true
      await Promise.all(users)
    },
  }
}
