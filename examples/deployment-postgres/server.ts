import { postgres } from '../../test/services/postgres.ts'

/** A PostgreSQL server. */
export interface Server {
  readonly url: string
  close(): Promise<void>
}

/**
 * The server at an address, or a private one that is gone afterwards.
 *
 * @throws Error Where there is neither, with what installs one.
 */
export async function openServer(url: string | undefined): Promise<Server> {
  if (url !== undefined && url !== '') return { url, close: async () => {} }
  if (postgres.binary === undefined) {
    throw new Error(`PostgreSQL is not installed: ${postgres.install}, or set DATABASE_URL.`)
  }
  const server = await postgres.start()
  return { url: server.url, close: server.stop }
}
