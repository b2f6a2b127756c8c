import type { Locks } from './platform.ts'

/**
 * A browser opens six connections to a host over HTTP/1.1, for all tabs together. Were each tab to hold one for its
 * stream, the seventh tab could load nothing at all: four of them stream, the others poll.
 */
const slots = 4

/**
 * Takes one of the places for a stream that the tabs of an origin share, if one is free.
 *
 * @param locks Where there are none (an old browser, an origin without HTTPS), every tab gets a place.
 * @returns What gives the place back; undefined where all are taken. The end of the tab gives it back, too.
 */
export async function takeSlot(locks: Locks | undefined): Promise<(() => void) | undefined> {
  for (let slot = 0; slot < slots; slot += 1) {
    const release = locks ? await tryLock(locks, `sluice/answers/${slot}`) : () => {}
    if (release) return release
  }
  return undefined
}

function tryLock(locks: Locks, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const request = async () =>
      locks.request(name, { ifAvailable: true }, (lock) =>
        lock ? new Promise<void>((release) => resolve(release)) : resolve(undefined),
      )
    // A page in a sandbox may be refused its locks: it is no worse off than one without.
    request().catch(() => resolve(() => {}))
  })
}
