import { bucketOf } from '@sluice/core'

/** The bucket of a key under a prefix that ends in a colon. */
export class PrefixHash {
  private readonly salt: string

  constructor(prefix: string) {
    this.salt = prefix.slice(0, -1)
  }

  top30(text: string): number {
    return bucketOf(this.salt, text)
  }
}
