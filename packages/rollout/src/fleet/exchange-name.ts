import { createHash } from 'node:crypto'

/** Three names of 60, a word before them and slashes between keep within the 200 characters of an exchange key. */
const longest = 60
const kept = 40

/**
 * Any text as one part of an exchange key: different texts make different parts, none has a slash.
 *
 * Letters, digits, hyphens, underscores and dots stand for themselves, other bytes are `=` and two hex
 * digits; what would be too long ends in `==` and a hash.
 */
export function toExchangeName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]/gu, (character) =>
    [...new TextEncoder().encode(character)]
      .map((byte) => `=${byte.toString(16).padStart(2, '0')}`)
      .join(''),
  )
  if (name.length <= longest) return name === '' ? '=' : name
  const hash = createHash('sha256').update(name).digest('hex')
  return `${name.slice(0, kept)}==${hash.slice(0, longest - kept - 2)}`
}
