import { usageError } from '../usage-error.ts'
import { askHttp } from './server-facts.ts'
import { nameOf, parseAddress } from './store-address.ts'
import type { OpenStore, StorePlace } from './store-contract.ts'

export async function openHttp({ where, env }: StorePlace): Promise<OpenStore> {
  const url = parseAddress(where)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw usageError(
      `The address ${nameOf(url)} is over HTTP, and holds a name, a password or a query besides.`,
      'Leave that out, and set SLUICE_TOKEN to the token.',
    )
  }
  const { createHttpStore } = await import('@sluice/stores/http')
  const token = env.SLUICE_TOKEN || undefined
  const store = createHttpStore({ url: url.href, ...(token === undefined ? {} : { token }) })
  return {
    ...{ store, name: nameOf(url), askServer: () => askHttp(url) },
    close: () => store.close(),
  }
}
