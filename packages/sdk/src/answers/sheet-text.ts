import { createHash } from 'node:crypto'
import type { AnswerSheet } from '../answer-sheet.ts'

/** So much of SHA-256, in base64url, that no two sheets of one user will ever share it. */
const tagLength = 22

/**
 * Names what a sheet answers, and for whom, in quotes as an ETag has them. Processes that answer alike name it alike.
 *
 * The revision is no part of it: most commits change nothing for most users.
 */
export function tagOf({ environment, targetingKey, answers }: AnswerSheet): string {
  const sorted = Object.keys(answers)
    .sort()
    .map((key) => [key, answers[key]])
  const hash = createHash('sha256').update(JSON.stringify([environment, targetingKey, sorted]))
  return `"${hash.digest('base64url').slice(0, tagLength)}"`
}

/**
 * A sheet as an element of HTML, for `answersInPage` to read. No value can end the element early.
 *
 * @param id Letters, digits, hyphens, dots and underscores. Default `sluice-answers`.
 */
export function sheetElement(sheet: AnswerSheet, id = 'sluice-answers'): string {
  // `<!--` and `</script` are all that mean anything in there.
  const text = JSON.stringify(sheet).replaceAll('<', '\\u003c')
  return `<script type="application/json" id="${id.replaceAll(/[^\w.-]/g, '')}">${text}</script>`
}

const encoder = new TextEncoder()

/** An event of a stream. */
export function eventOf(type: string, data: string, id?: string): Uint8Array {
  const name = id === undefined ? '' : `id: ${id}\n`
  return encoder.encode(`${name}event: ${type}\ndata: ${data}\n\n`)
}
