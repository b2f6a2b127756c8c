import type { Clock } from '@sluice/stores'
import type { Follower } from './follow-answers.ts'
import { listen } from './listen.ts'
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

  /** An event that says that the network, or the page, is back. It may come while nobody sees the page. */
  function comeBack(): void {
    resume()
    see()
  }

  function findNetwork(): void {
    // Looks that failed meanwhile made it wait.
    isPaused = true
    comeBack()
  }

  const stops = [
    listen(document, 'visibilitychange', see),
    listen(page, 'offline', pause),
    listen(page, 'online', findNetwork),
    listen(page, 'pagehide', pause),
    listen(page, 'pageshow', comeBack),
  ]
  see()
  return () => {
    cancelPause()
    for (const stop of stops) stop()
  }
}
