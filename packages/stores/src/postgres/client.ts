/**
 * The pool of `pg` (node-postgres 8), as far as the store uses it.
 *
 * The application creates it and ends it; the store only borrows.
 */
export interface PostgresPool {
  query(query: PostgresQuery): Promise<PostgresResult>
  connect(): Promise<PostgresClient>
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  readonly options?: { readonly max?: number }
}

/** One statement. Without values it may hold several, which run in the order they stand. */
export interface PostgresQuery {
  text: string
  values?: unknown[]
  /** After so many milliseconds the driver gives the answer up, and with it the connection. */
  query_timeout?: number
}

/** What the server answered. */
export interface PostgresResult {
  readonly rows: unknown[]
  readonly rowCount: number | null
}

/** A connection borrowed from the pool. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>
  on(event: 'error' | 'end' | 'notification', listener: () => void): unknown
  /** Gives the connection back; with true it is ended and another takes its place in the pool. */
  release(destroy?: boolean): void
  /** Lets the process end though the connection is open. */
  unref?(): void
}

/** Runs a statement for a store. */
export type Ask = (
  /** For the message of an error: `read the log`. */
  doing: string,
  text: string,
  values?: unknown[],
) => Promise<PostgresResult>
