import type { Clock } from '@sluice/stores'
import type { Follower } from './follow-answers.ts'
import { page } from './platform.ts'

/**
 * Lets go of the connection while nobody can see its use: in a hidden page, offline, or when the page is left for
 * the back-forward cache. Looks again at once when that is over.
 *
 * @returns What stops it.
 */
export function watchPage(follower: Follower, clock: Clock, hiddenMs: number): () => void {
  const { document } = page
  let isPaused = false
  let cancelPause = () => {}

  function pause(): void {
    cancelPause()
    isPaused = true
    follower.pause()
  }

  function resume(): void {
    cancelPause()
    if (!isPaused) return
    isPaused = false
    follower.begin()
  }

  function see(): void {
    cancelPause()
    if (document?.visibilityState === 'hidden') cancelPause = clock.after(hiddenMs, pause)
    else resume()
  }

  const stops = [
    listen(document, 'visibilitychange', see),
    listen(page, 'offline', pause),
    listen(page, 'online', resume),
    listen(page, 'pagehide', pause),
    listen(page, 'pageshow', resume),
  ]
  see()
  return () => {
    cancelPause()
    for (const stop of stops) stop()
  }
}

function listen(target: typeof page | undefined, type: string, listener: () => void): () => void {
  target?.addEventListener?.(type, listener)
  return () => target?.removeEventListener?.(type, listener)
}
