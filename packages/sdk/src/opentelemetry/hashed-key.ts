import { createHmac } from 'node:crypto'
import { SluiceError } from '@sluice/core'

/** As long as a digest's half: nobody finds two users with the same 128 bits. */
const digits = 32
const shortestSecret = 16

/**
 * Makes a targeting key into a pseudonym, for `contextId`: the same for the same user wherever the secret is the same,
 * and not to be reversed by trying all user ids without it (HMAC-SHA-256, the first 128 bits).
 *
 * @param secret At least 16 characters, kept as other secrets are.
 * @throws SluiceError `invalid_option` for a shorter one.
 */
export function hashedKey(secret: string): (targetingKey: string) => string {
  if (secret.length < shortestSecret) {
    throw new SluiceError(
      'invalid_option',
      `the secret of hashedKey must have at least ${shortestSecret} characters, found ${secret.length}`,
      { expected: `at least ${shortestSecret} characters`, found: String(secret.length) },
    )
  }
  return (targetingKey) =>
    createHmac('sha256', secret).update(targetingKey).digest('hex').slice(0, digits)
}
