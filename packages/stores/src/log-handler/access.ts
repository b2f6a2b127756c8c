import { createHash, timingSafeEqual } from 'node:crypto'
import { checkToken } from '../http/settings.ts'
import type { WebRequest } from './web.ts'

/**
 * What a caller may do: `read` the log; `write` to it, its snapshot and its exchange, too; `maintain` it,
 * too, which is to drop commits that a snapshot has taken in.
 */
export type Access = 'none' | 'read' | 'write' | 'maintain'

/** Says what the sender of a request may do. It must leave the body alone. */
export type Authorize = (request: WebRequest) => Access | Promise<Access>

/** Tokens by what they allow. */
export type BearerTokens = { readonly [A in Exclude<Access, 'none'>]?: string | readonly string[] }

const order: readonly Access[] = ['none', 'read', 'write', 'maintain']

/** Whether an access includes another; anything else that an application answered includes none. */
export function includes(access: Access, needed: Access): boolean {
  return order.indexOf(access) >= order.indexOf(needed)
}

/** Shorter tokens can be guessed over the network. */
const minTokenLength = 16

/**
 * Authorizes by bearer tokens, compared in a time that does not depend on how much of one was right.
 *
 * @throws SluiceError `invalid_token` for a token shorter than 16 characters, an empty one above all.
 */
export function bearer(tokens: BearerTokens): Authorize {
  const known = Object.entries(tokens).flatMap(([access, list]) =>
    [list].flat().map((token) => {
      checkToken(token, minTokenLength)
      return { access: access as Access, digest: digestOf(token) }
    }),
  )
  return ({ headers }) => {
    const [, token] = /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
    if (token === undefined) return 'none'
    const digest = digestOf(token)
    let found: Access = 'none'
    // All of them, whichever fits: the time tells nothing.
    for (const each of known) {
      if (timingSafeEqual(each.digest, digest) && includes(each.access, found)) found = each.access
    }
    return found
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest()
}
