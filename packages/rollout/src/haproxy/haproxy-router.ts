import { isSluiceError, SluiceError, type Split } from '@sluice/core'
import type { Router } from '../router.ts'
import { checkWeights } from '../split/check-weights.ts'
import { checkHaproxyOptions, type HaproxyOptions } from './haproxy-options.ts'
import { planCommands } from './plan-commands.ts'
import { parseReply, type RuntimeReply, type ServerState } from './server-state.ts'
import { findUsable, shareByWeight } from './server-weights.ts'
import { nameOf, talk } from './talk.ts'

export type { AtZero, HaproxyOptions } from './haproxy-options.ts'

/**
 * A router that steers a backend of HAProxy through its runtime API.
 *
 * `apply` sets the servers' weights and reads them back; where they are not what was asked, it sets them once more. It
 * rejects with `haproxy_unreachable`, `haproxy_timeout`; `haproxy_refused` with HAProxy's words, such as for a socket
 * that is not `level admin` or a balancing algorithm with fixed weights; `haproxy_unknown_server`, when the servers that are
 * there have been lowered as far as was asked;
 * `haproxy_arm_unavailable` where all of an arm's servers were taken out by hand; `superseded` where a newer call took over;
 * `invalid_split`. What a call set before it failed stands: call it again.
 *
 * `read` answers the shares that the servers' weights give now, in percent with fractions. Weights are whole numbers up
 * to 256, so they differ from those asked by up to 0.2 percent (0.4 for a share below 0.2).
 *
 * Any number of processes may steer the same backend: what is set already is not set again.
 *
 * @throws SluiceError `invalid_option`.
 * Source: HAProxy management guide 2.6, section 9.3.
 */
export function haproxyRouter(options: HaproxyOptions): Router {
  const { address, backend, servers, timeoutMs, atZero, clock } = checkHaproxyOptions(options)
  const arms = Object.keys(servers)
  const closing = new AbortController()
  let applying = new AbortController()

  async function tell(commands: readonly string[], signal: AbortSignal): Promise<RuntimeReply> {
    const line = [...commands, `show servers state ${backend}`].join(';')
    return parseReply(await talk(address, line, { clock, timeoutMs, signal }))
  }

  function expectTable(reply: RuntimeReply): ReadonlyMap<string, ServerState> {
    if (reply.servers === undefined) throw refused(reply.complaints)
    return reply.servers
  }

  function expectServers(reply: RuntimeReply): ReadonlyMap<string, ServerState> {
    const known = expectTable(reply)
    const unknown = Object.values(servers)
      .flat()
      .find((name) => !known.has(name))
    if (unknown === undefined) return known
    throw new SluiceError(
      'haproxy_unknown_server',
      `Backend ${backend} of the HAProxy at ${nameOf(address)} has no server ${unknown}. It has ${[...known.keys()].join(', ')}.`,
      { expected: unknown, found: [...known.keys()].join(', ') },
    )
  }

  function refused(complaints: readonly string[]): SluiceError {
    const said = complaints.join(' ') || 'nothing'
    const remedy = said.includes('Permission denied')
      ? ' The stats socket must be "level admin".'
      : ''
    return new SluiceError(
      'haproxy_refused',
      `The HAProxy at ${nameOf(address)} did not carry out what was asked of backend ${backend}: ${said}${remedy}`,
      { found: said },
    )
  }

  function assertArmsCanServe(weights: Split, states: ReadonlyMap<string, ServerState>): void {
    const usable = findUsable(servers, states, atZero !== 'weight')
    const lost = arms.find((arm) => (weights[arm] ?? 0) > 0 && usable[arm]?.length === 0)
    if (lost === undefined) return
    throw new SluiceError(
      'haproxy_arm_unavailable',
      `Arm ${lost} is to get ${weights[lost]} percent, but all its servers in backend ${backend} are in maintenance or draining. Set one of them to ready.`,
      { pointer: `/${lost}` },
    )
  }

  /** A server that somebody removed or renamed keeps no other from going down; what goes up waits until all are there. */
  async function lowerThoseThere(
    weights: Split,
    known: ReadonlyMap<string, ServerState>,
    signal: AbortSignal,
  ): Promise<void> {
    const there = Object.fromEntries(
      Object.entries(servers).map(([arm, names]) => [arm, names.filter((name) => known.has(name))]),
    )
    const found = shareByWeight(there, known)
    const [, ...others] = arms
    if (others.some((arm) => (weights[arm] ?? 0) > (found[arm] ?? 0))) return
    const usable = findUsable(there, known, atZero !== 'weight')
    if (arms.some((arm) => (weights[arm] ?? 0) > 0 && usable[arm]?.length === 0)) return
    for (const line of planCommands({ backend, servers: there, atZero }, weights, known)) {
      await tell(line, signal)
    }
  }

  async function carryOut(weights: Split, signal: AbortSignal): Promise<void> {
    const before = await tell([], signal)
    const known = expectTable(before)
    if (Object.values(servers).some((names) => names.some((name) => !known.has(name)))) {
      await lowerThoseThere(weights, known, signal)
    }
    let states = expectServers(before)
    assertArmsCanServe(weights, states)
    let complaints: readonly string[] = []
    for (let tries = 0; tries < maxTries; tries += 1) {
      const lines = planCommands({ backend, servers, atZero }, weights, states)
      if (lines.length === 0) return
      for (const commands of lines) {
        const reply = await tell(commands, signal)
        complaints = reply.complaints
        states = expectServers(reply)
      }
    }
    if (planCommands({ backend, servers, atZero }, weights, states).length > 0) {
      throw refused(complaints)
    }
  }

  return {
    name: `haproxy ${nameOf(address)} ${backend}`,

    async apply(asked) {
      const weights = checkWeights(asked, arms)
      // The newer call counts; what the older one has not sent is not to be sent any more.
      applying.abort()
      applying = new AbortController()
      const { signal } = applying
      try {
        await carryOut(weights, AbortSignal.any([signal, closing.signal]))
      } catch (error) {
        if (!isSluiceError(error) || !lostOnTheWay.has(error.code)) throw error
        // Cut in the middle: what was set is unknown, and HAProxy may be back already.
        await carryOut(weights, AbortSignal.any([signal, closing.signal]))
      }
    },

    async read() {
      return shareByWeight(servers, expectServers(await tell([], closing.signal)))
    },

    async close() {
      closing.abort()
    },
  }
}

/** A second try meets a HAProxy that another process steered at the same moment; a third has no reason. */
const maxTries = 2

/** Where a second try may find HAProxy restarted. */
const lostOnTheWay: ReadonlySet<string> = new Set(['haproxy_unreachable'])
