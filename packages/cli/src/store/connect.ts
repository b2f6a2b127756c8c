import { SluiceError } from '@sluice/core'
import { loadPackage } from '../load-module.ts'

/** A server that does not answer within this is taken for unreachable, in milliseconds. */
export const connectMs = 5_000

/** The client's own limit ends with the connection; a server may take it and say nothing. */
export function withinPatience<T>(connected: Promise<T>): Promise<T> {
  const patience = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`it does not answer within ${connectMs} ms`))
    setTimeout(late, connectMs).unref()
  })
  return Promise.race([connected, patience])
}

/**
 * A client of a server: a dependency of the application, found from its folder.
 *
 * @throws SluiceError `store_driver_missing`.
 */
export async function loadDriver<Module>(
  name: string,
  store: string,
  folder: string,
): Promise<Module> {
  try {
    return (await loadPackage(name, folder)) as Module
  } catch (cause) {
    throw new SluiceError(
      'store_driver_missing',
      `${store} needs the package ${name}, which ${folder} has not installed.\nType npm install ${name} there; sluice brings no clients of its own.`,
      { cause },
    )
  }
}

/** Why a client could not connect, for who typed the address. */
export function unreachable(store: string, cause: unknown): SluiceError {
  const why = cause instanceof Error ? cause.message || (cause as { code?: string }).code : cause
  return new SluiceError('store_unreachable', `${store} cannot be reached: ${why}`, { cause })
}
