import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Instances as processes on this machine, and who of them gets requests. */
export interface Fleet {
  readonly names: readonly string[]
  /** Stops what runs on the instance, and starts this version. */
  deploy(name: string, version: string): Promise<void>
  isHealthy(name: string): Promise<boolean>
  /** No new requests; resolves when the last one has ended. */
  takeOut(name: string): Promise<void>
  putBack(name: string): void
  /** Sends a request to the next instance that is in service; answers its version. */
  ask(): Promise<string>
  close(): Promise<void>
}

/** Prepares instances on the given ports; nothing runs yet, and all are in service. */
export function createFleet(ports: Readonly<Record<string, number>>): Fleet {
  const names = Object.keys(ports)
  const processes = new Map<string, ChildProcess>()
  const inService = new Set(names)
  const underWay: Record<string, number> = {}
  let turn = 0

  async function stop(name: string): Promise<void> {
    const child = processes.get(name)
    processes.delete(name)
    if (child === undefined || child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  }

  async function isHealthy(name: string): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${ports[name]}/health`)
    return response.ok
  }

  return {
    names,
    isHealthy,
    async deploy(name, version) {
      await stop(name)
      const program = fileURLToPath(new URL('instance.mjs', import.meta.url))
      const child = fork(program, [String(ports[name]), version], { execArgv: [] })
      processes.set(name, child)
      await once(child, 'message')
    },
    async takeOut(name) {
      inService.delete(name)
      while ((underWay[name] ?? 0) > 0) await sleep(5)
    },
    putBack: (name) => void inService.add(name),
    async ask() {
      const serving = names.filter((name) => inService.has(name))
      turn += 1
      const name = serving[turn % serving.length] as string
      underWay[name] = (underWay[name] ?? 0) + 1
      try {
        const response = await fetch(`http://127.0.0.1:${ports[name]}/`)
        return await response.text()
      } finally {
        underWay[name] = (underWay[name] ?? 0) - 1
      }
    },
    async close() {
      await Promise.all(names.map(stop))
    },
  }
}
