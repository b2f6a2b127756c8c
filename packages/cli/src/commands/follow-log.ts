import type { Commit, Replica } from '@sluice/stores'
import type { Context } from '../context.ts'

/** A log that is followed. */
export interface LogFollower {
  /**
   * Tells each commit behind a revision once, in order, until Ctrl-C.
   *
   * @param seen The last revision that is told already.
   */
  run(seen: number, tell: (commit: Commit) => void): Promise<void>
}

/** A timer keeps the process: the replica's own let it end. */
const awakeMs = 60_000

/** Begins to listen at once, so that nothing is missed while the log is read. */
export function followLog(replica: Replica, { world, terminal }: Context): LogFollower {
  const { clock, signal } = world
  const waiting: Commit[] = []
  let take = (commit: Commit) => void waiting.push(commit)
  let readAnew = () => {}
  let isAway = false
  const remark = (text: string) => terminal.remark(terminal.color.yellow(text))
  const stops = [
    replica.on('change', (commit) => take(commit)),
    // After a long absence the state is taken over as a whole, and the commits that led to it are not told.
    replica.on('reset', () => readAnew()),
    replica.on('error', ({ message }) => {
      // An error while it is live keeps nothing away: a lost wake-up costs a second.
      if (isAway || replica.status === 'live') return
      isAway = true
      remark(`${message} It is asked again until it answers.`)
    }),
    replica.on('status', (status) => {
      if (isAway && status === 'live') remark('The store answers again.')
      if (status === 'live') isAway = false
    }),
    replica.on('log.replaced', () =>
      remark('Another log stands in the store now: this one ends here.'),
    ),
  ]
  return {
    async run(seen, tell) {
      let told = seen
      take = (commit) => {
        if (commit.revision <= told) return
        told = commit.revision
        tell(commit)
      }
      readAnew = () => {
        // Where it fails, the replica's own look fails too, and says so.
        replica.history('').then(
          (commits) => commits.forEach(take),
          () => {},
        )
      }
      for (const commit of waiting) take(commit)
      let letEnd = () => {}
      const stayAwake = () => {
        letEnd = clock.after(awakeMs, stayAwake, { keepsAlive: true })
      }
      stayAwake()
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      letEnd()
      for (const stop of stops) stop()
    },
  }
}
