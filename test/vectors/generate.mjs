// Writes buckets.json: node test/vectors/generate.mjs
//
// The expected buckets come from the npm package `murmurhash` over UTF-8 bytes, apart from Sluice's
// own code.
import { writeFileSync } from 'node:fs'
import murmurhash from 'murmurhash'

const salts = ['newUserProfile', 'newUserProfile/variant', 'a', 'ab', 'abc', 'abcd', 'Zürich', '旗', '']
const keys = ['', 'u', 'us', 'use', 'user', 'user-1', 'user-12345', 'ada@example.com']
keys.push('0', '9007199254740991', 'a:b', 'ÿ', 'é', 'Łódź', '東京', '🚀', '👩‍👩‍👧', 'e\u0301', '\u0000', ' ', '\t')
keys.push('f47ac10b-58cc-4372-a567-0e02b2c3d479', 'x'.repeat(31), 'y'.repeat(32), 'z'.repeat(33))
for (let i = 0; i < 100; i++) keys.push(`user-${i * 7919}`, `${i}`, `ключ-${i}`)

const vectors = salts.flatMap((salt) =>
  keys.map((key) => ({
    salt,
    key,
    bucket: murmurhash.v3(Buffer.from(`${salt}:${key}`, 'utf8'), 0) >>> 2,
  })),
)
const text = vectors.map((vector) => `  ${JSON.stringify(vector)}`).join(',\n')
writeFileSync(new URL('buckets.json', import.meta.url), `[\n${text}\n]\n`)
