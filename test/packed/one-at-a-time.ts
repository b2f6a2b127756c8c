import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs what one process at a time may do. Others wait; a process that died with the lock in its hand is passed over.
 *
 * @param lock The path of a file that is there while somebody is at work, with the process's id.
 */
export async function oneAtATime<Result>(
  lock: string,
  run: () => Promise<Result>,
): Promise<Result> {
  while (!take(lock)) await sleep(100)
  try {
    return await run()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!isHeld(lock)) rmSync(lock, { force: true })
    return false
  }
}

function isHeld(lock: string): boolean {
  try {
    // Empty while it is being written: 0 is this process's own group, which lives.
    process.kill(Number(readFileSync(lock, 'utf8')), 0)
    return true
  } catch (error) {
    // Gone in between, or of a process that is: either way nobody holds what was read.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
