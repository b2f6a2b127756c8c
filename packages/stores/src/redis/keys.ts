import { SluiceError } from '@sluice/core'
import { hasLoneSurrogate } from '../json-copy.ts'

/** The names under which a log lives. All of them share one hash tag, so one slot of a cluster. */
export interface Keys {
  /** A stream: the entry `7-0` is the commit at revision 7. */
  readonly log: string
  /** A hash: revision and hash of the last dropped commit. */
  readonly cut: string
  /** A hash: revision and text of the newest snapshot. */
  readonly snapshot: string
  /** A hash: the values on the exchange. */
  readonly shared: string
  /** A sorted set: until when each of them holds. */
  readonly sharedUntil: string
  /** Not a key: the channel of the wake-ups. */
  readonly channel: string
}

/**
 * Names the keys of a log.
 *
 * @throws SluiceError `invalid_prefix` for an empty prefix, which is no hash tag, and for text that
 * UTF-8 cannot carry, which would share its keys with other such text.
 */
export function nameKeys(prefix: string): Keys {
  if (prefix === '' || hasLoneSurrogate(prefix)) {
    throw new SluiceError(
      'invalid_prefix',
      'The prefix of a Redis store must be well-formed text.',
      {
        expected: 'at least one character, no half of a surrogate pair',
        found: JSON.stringify(prefix),
      },
    )
  }
  // A brace inside would end the tag early and tear the keys apart over slots.
  const tag = `{${prefix.replace(/[%{}]/g, encodeURIComponent)}}`
  return {
    log: `${tag}:log`,
    cut: `${tag}:cut`,
    snapshot: `${tag}:snapshot`,
    shared: `${tag}:shared`,
    sharedUntil: `${tag}:shared-until`,
    channel: `${tag}:wake`,
  }
}
