import { z } from 'zod'
import { limitMs } from '../dispatcher/option-schemas.ts'

/** Browsers cut what is longer (RFC 6265bis, section 5.5); an endless cookie would be a session's. */
const longestAgeS = 400 * 86_400

/** What a cookie may be called (RFC 6265, section 4.1.1): anything else would end its name, or the header. */
const cookieName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const stickyCookie = z.strictObject({
  name: z.string().regex(cookieName, "a cookie's name").optional(),
  maxAgeS: z.int().min(1).max(longestAgeS).optional(),
  isSecure: z.boolean().optional(),
})

/** The options that a proxy has beside those of a dispatcher. */
export const proxySchema = z.looseObject({
  stickyCookie: z
    .custom((value) => value === false || typeof value === 'object', 'an object, or false')
    .pipe(z.preprocess((value) => (value === false ? {} : value), stickyCookie))
    .optional(),
  host: z.enum(['preserve', 'origin']).optional(),
  trustsForwarded: z.boolean().optional(),
  drainMs: limitMs.optional(),
  sendTimeoutMs: limitMs.optional(),
})
