import type { GaugePlatform, GaugeValue } from './gauge-platform.ts'

/** What passes through the machine's disks and networks. */
export type IoMetric = 'disk_read' | 'disk_write' | 'network_in' | 'network_out'

/** `/proc/diskstats` counts in these, whatever the disk's own are. */
const SECTOR_BYTES = 512

/** Not disks but what lies on them, or in memory: their bytes are counted below, or are none. */
const NO_DISK = /^(loop|ram|zram|dm-|md|sr|fd)/

/** Not networks but what lies between them and this machine: their bytes are counted there, or never leave it. */
const NO_NETWORK = /^(lo$|ifb|dummy|veth|docker|br-|virbr|cni|flannel|cali)/

const sources: Record<IoMetric, { file: string; parse(text: string): Map<string, number> }> = {
  disk_read: { file: '/proc/diskstats', parse: (text) => parseDisks(text, 5) },
  disk_write: { file: '/proc/diskstats', parse: (text) => parseDisks(text, 9) },
  network_in: { file: '/proc/net/dev', parse: (text) => parseNetworks(text, 0) },
  network_out: { file: '/proc/net/dev', parse: (text) => parseNetworks(text, 8) },
}

/** Bytes a second since the read before, over all disks or networks, where Linux counts them. */
export function createIoRate(metric: IoMetric, platform: GaugePlatform) {
  const { file, parse } = sources[metric]
  let last: { at: number; counters: Map<string, number> } | undefined

  return async (): Promise<GaugeValue> => {
    const text = await platform.readText(file).catch(() => undefined)
    if (text === undefined) return { unknown: `this platform has no ${file}` }
    const counters = parse(text)
    if (counters.size === 0) return { unknown: `${file} lists no device` }
    const before = last
    last = { at: platform.now(), counters }
    if (before === undefined) return { unknown: 'the first reading only begins to count' }
    const passedMs = last.at - before.at
    if (!(passedMs > 0)) return { unknown: 'no time has passed since the reading before' }
    let bytes = 0
    for (const [device, count] of counters) {
      // A device that is new, or counts anew, has not moved all that it shows since.
      bytes += Math.max(0, count - (before.counters.get(device) ?? count))
    }
    return { value: (bytes * 1000) / passedMs }
  }
}

function parseDisks(text: string, field: number): Map<string, number> {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
  const names = new Set(rows.map(([, , name]) => name))
  const counters = new Map<string, number>()
  for (const row of rows) {
    const name = row[2]
    const sectors = Number(row[field])
    if (name === undefined || !Number.isFinite(sectors) || NO_DISK.test(name)) continue
    // sda1 is a part of sda, nvme0n1p1 of nvme0n1.
    const whole = /^(.*\d)p\d+$/.exec(name)?.[1] ?? /^(.*\D)\d+$/.exec(name)?.[1]
    if (whole !== undefined && names.has(whole)) continue
    counters.set(name, sectors * SECTOR_BYTES)
  }
  return counters
}

function parseNetworks(text: string, field: number): Map<string, number> {
  const counters = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, rest] = /^\s*([^\s:]+):\s*(\d.*)$/.exec(line) ?? []
    if (name === undefined || rest === undefined || NO_NETWORK.test(name)) continue
    const bytes = Number(rest.split(/\s+/)[field])
    if (Number.isFinite(bytes)) counters.set(name, bytes)
  }
  return counters
}
