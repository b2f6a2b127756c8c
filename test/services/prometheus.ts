import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDataServer } from './data-server.ts'
import { findBinary } from './process.ts'
import type { ServiceKind } from './service.ts'

const binary = findBinary('prometheus')

/** A Prometheus that scrapes nothing. */
export const prometheus: ServiceKind = prometheusOf([])

/** A Prometheus that scrapes what listens on the given ports, each second. */
export function prometheusOf(ports: readonly number[]): ServiceKind {
  return {
    name: 'prometheus',
    binary,
    install: 'apt-get install prometheus',
    start: () =>
      startDataServer({
        name: 'prometheus',
        command: binary as string,
        args: (directory, port) => [
          `--config.file=${join(directory, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(directory, 'data')}`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--log.level=warn',
        ],
        url: (port) => `http://127.0.0.1:${port}`,
        prepare: (directory) => writeFile(join(directory, 'prometheus.yml'), configure(ports)),
        isReady: async (port) => {
          const ready = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined)
          return ready?.ok === true
        },
      }),
  }
}

/** JSON is YAML. */
function configure(ports: readonly number[]): string {
  const targets = ports.map((port) => `127.0.0.1:${port}`)
  return JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'shop', static_configs: [{ targets }] }],
  })
}
