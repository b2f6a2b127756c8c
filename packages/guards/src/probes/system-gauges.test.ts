import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { createSystemGauges, type GaugeMetric, type GaugePlatform } from './index.ts'

const isLinux = process.platform === 'linux'

/** A machine of files and numbers, whose clock a test moves. */
function createMachine(files: Record<string, string> = {}) {
  const machine = {
    time: 0,
    files,
    cpuTimes: [
      { user: 0, idle: 0 },
      { user: 0, idle: 0 },
    ] as Record<string, number>[],
    platform: {} as Partial<GaugePlatform>,
  }
  machine.platform = {
    now: () => machine.time,
    cpus: () => machine.cpuTimes.map((times) => ({ times: { ...times } })),
    totalMemory: () => 1000,
    freeMemory: () => 400,
    constrainedMemory: () => 0,
    availableMemory: () => 300,
    readText: async (path) => {
      const text = machine.files[path]
      if (text === undefined) throw new Error(`ENOENT ${path}`)
      return text
    },
  }
  return machine
}

const counting = { unknown: 'the first reading only begins to count' }

describe('the machine’s gauges', () => {
  it('read the share of the processors in use since the read before', async () => {
    const machine = createMachine()
    const gauges = createSystemGauges(machine.platform)
    expect(await gauges.read('cpu')).toEqual(counting)
    machine.time = 1000
    machine.cpuTimes = [
      { user: 900, idle: 100 },
      { user: 300, sys: 100, idle: 600 },
    ]
    expect(await gauges.read('cpu')).toEqual({ value: 0.65 })
    machine.time = 2000
    expect(await gauges.read('cpu')).toEqual({ unknown: 'no processor time was counted' })
  })

  it('read the processors by what a control group allows', async () => {
    const group = (usedMs: number) => ({
      '/proc/self/cgroup': '0::/app/web\n',
      '/sys/fs/cgroup/app/cpu.max': '50000 100000\n',
      '/sys/fs/cgroup/app/cpu.stat': `usage_usec ${usedMs * 1000}\nuser_usec 1\n`,
      '/sys/fs/cgroup/app/web/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/app/web/cpu.stat': 'usage_usec 5\n',
    })
    const machine = createMachine(group(100))
    const gauges = createSystemGauges(machine.platform)
    await gauges.read('cpu')
    machine.time = 1000
    machine.files = group(500)
    expect(await gauges.read('cpu')).toEqual({ value: 0.8 })
    machine.time = 2000
    machine.files = group(5000)
    expect(await gauges.read('cpu')).toEqual({ value: 1 })
    // Without a limit it is the machine again, and none is taken off the other.
    machine.time = 3000
    machine.files = {}
    expect(await gauges.read('cpu')).toEqual(counting)
  })

  it('read a control group of version 1, whose path is the host’s', async () => {
    const group = (usedMs: number) => ({
      '/proc/self/cgroup': '9:cpuset:/\n4:cpu,cpuacct:/docker/abc\n0::/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '100000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpuacct/cpuacct.usage': `${usedMs * 1e6}\n`,
    })
    const machine = createMachine(group(0))
    const gauges = createSystemGauges(machine.platform)
    await gauges.read('cpu')
    machine.time = 1000
    machine.files = group(250)
    expect(await gauges.read('cpu')).toEqual({ value: 0.25 })
  })

  it('read memory of the machine, or of the process’s limit, where old files are given back', async () => {
    const machine = createMachine()
    expect(await createSystemGauges(machine.platform).read('memory')).toEqual({ value: 0.6 })
    const limited = {
      ...machine.platform,
      constrainedMemory: () => 500,
      availableMemory: () => 100,
    }
    expect(await createSystemGauges(limited).read('memory')).toEqual({ value: 0.8 })
    machine.files = {
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.stat': 'active_file 7\ninactive_file 150\n',
    }
    expect(await createSystemGauges(limited).read('memory')).toEqual({ value: 0.5 })
    // More than there is: no limit.
    const unlimited = { ...machine.platform, constrainedMemory: () => 2 ** 63 }
    expect(await createSystemGauges(unlimited).read('memory')).toEqual({ value: 0.6 })
  })

  it('read what of a disk everybody may still use', async () => {
    const paths: string[] = []
    const gauges = createSystemGauges({
      statfs: async (path) => {
        paths.push(path)
        return { blocks: 1000, bfree: 250, bavail: 250 - 50 }
      },
    })
    expect(await gauges.read('disk', '/data')).toEqual({ value: 200 / 950 })
    expect(paths).toEqual(['/data'])
    const empty = createSystemGauges({ statfs: async () => ({ blocks: 0, bfree: 0, bavail: 0 }) })
    expect(await empty.read('disk', '/proc')).toEqual({ unknown: '/proc is on no disk' })
  })

  it('read bytes of disks a second, each byte once', async () => {
    const disks = (read: number, written: number) =>
      [
        `   8 0 sda 1 1 ${read} 1 1 1 ${written} 1`,
        `   8 1 sda1 1 1 ${read} 1 1 1 ${written} 1`,
        ` 259 0 nvme0n1 1 1 ${read} 1 1 1 ${written} 1`,
        ` 259 1 nvme0n1p1 1 1 ${read} 1 1 1 ${written} 1`,
        ` 253 0 dm-0 1 1 ${read} 1 1 1 ${written} 1`,
        `   7 0 loop0 1 1 ${read} 1 1 1 ${written} 1`,
      ].join('\n')
    const machine = createMachine({ '/proc/diskstats': disks(1000, 500) })
    const gauges = createSystemGauges(machine.platform)
    expect(await gauges.read('disk_read')).toEqual(counting)
    expect(await gauges.read('disk_write')).toEqual(counting)
    machine.time = 2000
    machine.files = { '/proc/diskstats': disks(1200, 600) }
    expect(await gauges.read('disk_read')).toEqual({ value: (2 * 200 * 512) / 2 })
    expect(await gauges.read('disk_write')).toEqual({ value: (2 * 100 * 512) / 2 })
  })

  it('read bytes of networks a second; one that is new, or counts anew, adds none', async () => {
    const head = 'Inter-|   Receive\n face |bytes    packets\n'
    const line = (name: string, received: number, sent: number) =>
      `${name}: ${received} 1 0 0 0 0 0 0 ${sent} 1 0 0 0 0 0 0\n`
    const machine = createMachine({
      '/proc/net/dev':
        head + line('    lo', 5, 5) + line('  eth0', 1000, 100) + line('eth1', 900, 0),
    })
    const gauges = createSystemGauges(machine.platform)
    await gauges.read('network_in')
    await gauges.read('network_out')
    machine.time = 500
    machine.files = {
      '/proc/net/dev':
        head +
        line('    lo', 9999, 9) +
        line('  eth0', 3000, 160) +
        line('eth1', 5, 0) +
        line('eth2', 1e9, 0),
    }
    expect(await gauges.read('network_in')).toEqual({ value: 4000 })
    expect(await gauges.read('network_out')).toEqual({ value: 120 })
  })

  it('read how late the event loop is, without the time between samples', async () => {
    let resets = 0
    let count = 0
    const delay = {
      get count() {
        return count
      },
      percentile: (percent: number) => (percent === 99 ? 35e6 : 0),
      reset: () => void resets++,
      disable: () => {},
    }
    const machine = createMachine()
    const gauges = createSystemGauges({ ...machine.platform, measureDelay: () => delay })
    expect(await gauges.read('event_loop_delay')).toHaveProperty('unknown')
    machine.time = 1000
    expect(await gauges.read('event_loop_delay')).toHaveProperty('unknown')
    machine.time = 2000
    count = 100
    expect(await gauges.read('event_loop_delay')).toEqual({ value: 25 })
    expect(resets).toBe(1)
    // Two guards of one metric, in one tick: the second is not left with an emptied histogram.
    expect(await gauges.read('event_loop_delay')).toEqual({ value: 25 })
    expect(resets).toBe(1)
  })

  it('say why a number is not to be had, and never reject', async () => {
    const gauges = createSystemGauges({
      readText: () => Promise.reject(new Error('ENOENT')),
      statfs: () => Promise.reject(new Error('ENOENT: no such file or directory, statfs')),
      cpus: () => [],
      totalMemory: () => 0,
      freeMemory: () => 0,
      constrainedMemory: () => undefined,
      heap: () => {
        throw new Error('no heap')
      },
    })
    expect(await gauges.read('disk_read')).toEqual({
      unknown: 'this platform has no /proc/diskstats',
    })
    expect(await gauges.read('network_out')).toEqual({
      unknown: 'this platform has no /proc/net/dev',
    })
    expect(await gauges.read('disk')).toEqual({
      unknown: 'ENOENT: no such file or directory, statfs',
    })
    expect(await gauges.read('memory')).toEqual({ unknown: 'the platform gave NaN' })
    expect(await gauges.read('heap')).toEqual({ unknown: 'no heap' })
    expect(await gauges.read('luck' as GaugeMetric)).toHaveProperty('unknown')
  })

  it('ask a disk that does not answer once, not once a second', async () => {
    let asked = 0
    const machine = createMachine()
    const gauges = createSystemGauges({
      ...machine.platform,
      statfs: () => {
        asked++
        return new Promise(() => {})
      },
    })
    void gauges.read('disk')
    machine.time = 60_000
    void gauges.read('disk')
    expect(asked).toBe(1)
  })

  it('read nothing once they are closed', async () => {
    const gauges = createSystemGauges()
    gauges.close()
    expect(await gauges.read('heap')).toEqual({ unknown: 'the gauges are closed' })
    expect(await gauges.read('event_loop_delay')).toEqual({ unknown: 'the gauges are closed' })
  })
})

describe('this machine', () => {
  it.skipIf(!isLinux || !existsSync('/proc/diskstats'))(
    'gives numbers in their range (skipped where there is no Linux)',
    async () => {
      const gauges = createSystemGauges()
      const metrics = [
        ...(['cpu', 'memory', 'disk', 'heap', 'event_loop_delay'] as const),
        ...(['network_in', 'network_out'] as const),
      ]
      const found: Partial<Record<GaugeMetric, number>> = {}
      await expect
        .poll(
          async () => {
            for (const metric of metrics) {
              const reading = await gauges.read(metric)
              if ('value' in reading) found[metric] = reading.value
            }
            return Object.keys(found).sort()
          },
          { interval: 100, timeout: 20_000 },
        )
        .toEqual([...metrics].sort())
      for (const [metric, value] of Object.entries(found)) {
        const isShare = ['cpu', 'memory', 'disk', 'heap'].includes(metric)
        expect(value, metric).toBeGreaterThanOrEqual(0)
        expect(value, metric).toBeLessThanOrEqual(isShare ? 1 : 1e15)
      }
      expect(found.memory).toBeGreaterThan(0)
      expect(found.heap).toBeGreaterThan(0)
      gauges.close()
    },
  )

  it('may end while its event loop is still measured', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { createSystemGauges } from './system-gauges.ts'
          console.log(await createSystemGauges().read('event_loop_delay'))`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
    })
    const program = ['--input-type=module', '--eval', outputFiles[0]!.text]
    const { stdout } = await promisify(execFile)(process.execPath, program)
    expect(stdout).toBe("{ unknown: 'the first reading only begins to measure' }\n")
  })
})
