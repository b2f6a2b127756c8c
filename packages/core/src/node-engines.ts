import { BlockList, isIP, isIPv4 } from 'node:net'
import type { Engines } from './engine-types.ts'
import { matchesEngine, semverEngine } from './engines.ts'

/**
 * Address blocks, IPv4 and IPv6, by Node's own BlockList. An IPv4-mapped IPv6 address is IPv4.
 *
 * @throws TypeError on a malformed block.
 */
export function cidrEngine(block: string): (address: string) => boolean {
  const [network = '', bits = '', ...rest] = block.split('/')
  const family = isIPv4(network) ? 'ipv4' : 'ipv6'
  // A zone (`fe80::1%eth0`) names an interface of one machine.
  const isNetwork = isIP(network) !== 0 && !network.includes('%')
  const isBlock = isNetwork && /^\d{1,3}$/.test(bits) && rest.length === 0
  if (!isBlock || Number(bits) > (family === 'ipv4' ? 32 : 128)) {
    throw new TypeError(`"${block}" is no address block`)
  }
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return (address) => {
    const kind = isIP(address)
    return kind !== 0 && list.check(address, kind === 4 ? 'ipv4' : 'ipv6')
  }
}

/** Every engine there is on Node. */
export const allEngines: Required<Engines> = {
  matches: matchesEngine,
  semver: semverEngine,
  cidr: cidrEngine,
}
