import type { Split } from '@sluice/core'
import type { AtZero } from './haproxy-options.ts'
import type { ServerState } from './server-state.ts'
import { type ArmServers, findUsable, orderChanges, weighServers } from './server-weights.ts'

/**
 * HAProxy reads a line of commands into a buffer of `tune.bufsize`, 16,384 bytes unless its configuration says otherwise;
 * half of it leaves room for smaller ones.
 */
const maxLineBytes = 8_000

/**
 * The commands that bring a backend from what it is to the weights asked, in lines that fit HAProxy's buffer; none
 * where nothing is to be done.
 */
export function planCommands(
  { backend, servers, atZero }: { backend: string; servers: ArmServers; atZero: AtZero },
  weights: Split,
  states: ReadonlyMap<string, ServerState>,
): string[][] {
  const isOurs = atZero !== 'weight'
  const wanted = weighServers(weights, servers, findUsable(servers, states, isOurs))
  const set = (server: string, what: string) => `set server ${backend}/${server} ${what}`
  const moves = orderChanges(servers, states, wanted).map(({ server, weight }) =>
    set(server, `weight ${weight}`),
  )
  if (!isOurs) return intoLines(moves)

  const ready: string[] = []
  const out: string[] = []
  for (const [arm, names] of Object.entries(servers)) {
    const isAtZero = weights[arm] === 0
    for (const name of names) {
      const state = states.get(name)
      const found = adminState(state)
      const asked = isAtZero ? atZero : 'ready'
      if (found === asked) continue
      if (isAtZero) out.push(set(name, `state ${asked === 'drain' ? 'drain' : 'maint'}`))
      else ready.push(set(name, 'state ready'))
    }
  }
  // Ready before it weighs, out when it weighs nothing: something serves at every moment.
  return intoLines([...ready, ...moves, ...out])
}

function adminState(state: ServerState | undefined): AtZero | 'ready' {
  if (state?.isInMaintenance) return 'maintenance'
  return state?.isDraining ? 'drain' : 'ready'
}

function intoLines(commands: readonly string[]): string[][] {
  const lines: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const command of commands) {
    bytes += command.length + 1
    if (bytes > maxLineBytes) {
      lines.push([])
      bytes = command.length
    }
    lines.at(-1)?.push(command)
  }
  return lines
}
