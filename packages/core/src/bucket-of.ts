import murmurhash from 'murmurhash'

/**
 * Places a subject on the line [0, 2^30): the bucketing contract `sluice@1`.
 *
 * The salt is hashed before the key, so that two flags at 10 percent reach different users.
 *
 * This is the contract in its plainest form, over the npm package `murmurhash`, for explanations
 * and tools; compiled flags reach the same bucket through `PrefixHash`.
 *
 * @param salt The flag's salt; its key by default. Changing it moves every user.
 * @param targetingKey Compared byte for byte as UTF-8.
 * @returns An integer in [0, 2^30).
 * Source: MurmurHash3 x86 32-bit, seed 0. Vectors: test/vectors/buckets.json.
 */
export function bucketOf(salt: string, targetingKey: string): number {
  return murmurhash.v3(`${salt}:${targetingKey}`, 0) >>> 2
}
