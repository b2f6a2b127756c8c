import { SluiceError } from '@sluice/core'

/** What HAProxy says of one server of a backend. */
export interface ServerState {
  readonly name: string
  /** 0–256, as it was set. */
  readonly weight: number
  /** Taken out by a person or by the configuration: maintenance, no traffic at all. */
  readonly isInMaintenance: boolean
  /** Set to drain: known clients only. */
  readonly isDraining: boolean
  /** Whether its health checks let it serve; true where there are none. */
  readonly isUp: boolean
}

/** What one line of commands brought: complaints, and the servers afterwards. */
export interface RuntimeReply {
  /** What HAProxy said beside the table; empty where every command was carried out. */
  readonly complaints: readonly string[]
  /** By name; undefined where the reply holds no table, such as for an unknown backend. */
  readonly servers: ReadonlyMap<string, ServerState> | undefined
}

/** Bits of `srv_admin_state` (HAProxy's server-t.h): maintenance by any cause, drain by any cause. */
const maintenanceBits = 0x01 | 0x02 | 0x04 | 0x20 | 0x40
const drainBits = 0x08 | 0x10

/** Values of `srv_op_state`: 0 stopped, 1 starting, 2 running, 3 stopping. */
const servingStates = new Set(['1', '2'])

/**
 * Reads what a line of commands that ends in `show servers state <backend>` answered.
 *
 * @throws SluiceError `haproxy_unreadable` where the table has another shape than this reads.
 * Source: HAProxy management guide 2.6, section 9.3, `show servers state`.
 */
export function parseReply(reply: string): RuntimeReply {
  const lines = reply.split('\n')
  const header = lines.findIndex((line) => line.startsWith('# be_id '))
  const complaints = (header < 0 ? lines : lines.slice(0, header - 1))
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (header < 0) return { complaints, servers: undefined }

  const columns = (lines[header] ?? '').slice(2).split(' ')
  const rows = lines.slice(header + 1).filter((line) => line.trim() !== '')
  const servers = rows.map((row) => readRow(columns, row))
  return { complaints, servers: new Map(servers.map((server) => [server.name, server])) }
}

function readRow(columns: readonly string[], row: string): ServerState {
  const cells = row.split(' ')
  const cell = (column: string): string => {
    const value = cells[columns.indexOf(column)]
    if (value === undefined) throw unreadable(column, row)
    return value
  }
  const whole = (column: string): number => {
    const value = Number(cell(column))
    if (!Number.isInteger(value)) throw unreadable(column, row)
    return value
  }
  const admin = whole('srv_admin_state')
  return {
    name: cell('srv_name'),
    weight: whole('srv_uweight'),
    isInMaintenance: (admin & maintenanceBits) !== 0,
    isDraining: (admin & drainBits) !== 0,
    isUp: servingStates.has(cell('srv_op_state')),
  }
}

function unreadable(column: string, row: string): SluiceError {
  return new SluiceError(
    'haproxy_unreadable',
    `HAProxy's table of servers has no readable ${column} in "${row.slice(0, 80)}". HAProxy 2.6 and later are known to work.`,
    { expected: column, found: row.slice(0, 80) },
  )
}
