import { isSluiceError, SluiceError } from '@sluice/core'
import type { Replica } from '@sluice/stores'

/** Each lost race means that someone else made progress; more than this in a row is a storm. */
const maxLostRaces = 20

/**
 * Decides and writes, from what the log says now, until nobody came in between.
 *
 * @param act Decides anew each time; nothing may be carried over from a state that has changed since.
 * @throws SluiceError `conflict` after twenty lost races; whatever `act` throws beside a conflict.
 */
export async function untilWritten<T>(
  log: Pick<Replica, 'refresh'>,
  what: string,
  act: () => Promise<T>,
): Promise<T> {
  for (let lost = 0; lost <= maxLostRaces; lost += 1) {
    await log.refresh()
    try {
      return await act()
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'conflict') throw error
    }
  }
  throw new SluiceError('conflict', `${what} is being changed by others all the time; try again.`)
}
