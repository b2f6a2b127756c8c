import { SluiceError } from '@sluice/core'
import { type Clock, systemClock } from '@sluice/stores'
import type { ArmServers } from './server-weights.ts'
import type { HaproxyAddress } from './talk.ts'

/** What becomes of an arm's servers when its share is 0. */
export type AtZero = 'weight' | 'drain' | 'maintenance'

/** Which HAProxy, which backend, and which of its servers are which arm. */
export type HaproxyOptions = HaproxyAddress & {
  readonly backend: string
  /**
   * Names of the backend's servers by arm. The first arm is the one that a doubt is in favour of: `stable`, or the live
   * one. Each server stands once.
   */
  readonly servers: ArmServers
  /** How long one exchange with HAProxy may take, in milliseconds. Default 2,000. */
  readonly timeoutMs?: number
  /**
   * What an arm at 0 is besides its weight of 0, by which it gets no new clients. Default `weight`: nothing. `drain` shows
   * it as draining; `maintenance` also sends those away whom a cookie or a stick table binds to it, and stops its health
   * checks. Requests under way end on their server in each case.
   *
   * With `drain` and `maintenance` the servers' states belong to the router: one that a person set is lifted when the arm
   * gets a share.
   */
  readonly atZero?: AtZero
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** The options with what was left out, and the address alone. */
export interface CheckedHaproxyOptions {
  readonly address: HaproxyAddress
  readonly backend: string
  readonly servers: ArmServers
  readonly timeoutMs: number
  readonly atZero: AtZero
  readonly clock: Clock
}

/** A command and its answer take less than a millisecond: one that takes two seconds will not come. */
const defaultTimeoutMs = 2_000

/** What HAProxy allows in a name; nothing else can reach its command line. */
const namePattern = /^[A-Za-z0-9_.:-]+$/

/** @throws SluiceError `invalid_option` with pointer, expected and found. */
export function checkHaproxyOptions(options: HaproxyOptions): CheckedHaproxyOptions {
  const { socket, tcp, backend, servers, clock = systemClock } = options
  const { timeoutMs = defaultTimeoutMs, atZero = 'weight' } = options
  if ((socket === undefined) === (tcp === undefined)) {
    throw refuse('', 'either socket or tcp', socket === undefined ? 'neither' : 'both')
  }
  checkName(backend, '/backend')
  const arms = Object.entries(servers)
  if (arms.length < 2) throw refuse('/servers', 'at least two arms', arms.length)
  const seen = new Set<string>()
  for (const [arm, names] of arms) {
    if (names.length === 0) throw refuse(`/servers/${arm}`, 'at least one server', 'none')
    for (const [index, name] of names.entries()) {
      checkName(name, `/servers/${arm}/${index}`)
      if (seen.has(name)) throw refuse(`/servers/${arm}/${index}`, 'each server once', name)
      seen.add(name)
    }
  }
  if (!(timeoutMs > 0)) throw refuse('/timeoutMs', 'a number above 0', timeoutMs)
  if (!['weight', 'drain', 'maintenance'].includes(atZero)) {
    throw refuse('/atZero', 'weight, drain or maintenance', atZero)
  }
  const address = tcp === undefined ? { socket: socket as string } : { tcp }
  return { address, backend, servers, timeoutMs, atZero, clock }
}

function checkName(name: unknown, pointer: string): void {
  if (typeof name === 'string' && namePattern.test(name)) return
  throw refuse(pointer, 'a name of letters, digits and _ . : -', name)
}

function refuse(pointer: string, expected: string, value: unknown): SluiceError {
  const found = value === undefined ? 'nothing' : JSON.stringify(value)
  return new SluiceError(
    'invalid_option',
    `The HAProxy router is refused at ${pointer || 'its root'}: expected ${expected}, found ${found}.`,
    { pointer, expected, found },
  )
}
