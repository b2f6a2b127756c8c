import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EvaluationContext } from '@sluice/core'
import { usageError } from '../usage-error.ts'

/** A JSON file, JSON itself, or the id of a user. */
export async function readUser(
  text: string | undefined,
  cwd: string,
): Promise<EvaluationContext | undefined> {
  if (text === undefined) return undefined
  const isJson = text.trimStart().startsWith('{')
  if (!isJson && !text.endsWith('.json')) return text
  let found: unknown
  try {
    found = JSON.parse(isJson ? text : await readFile(resolve(cwd, text), 'utf8'))
  } catch (cause) {
    throw usageError(
      `--as ${text} cannot be read: ${(cause as Error).message}`,
      `Type an id, as --as ada, or a file that holds {"id": "ada", "country": "DE"}.`,
    )
  }
  if (typeof found === 'object' && found !== null && !Array.isArray(found))
    return found as EvaluationContext
  throw usageError(
    `--as ${text} holds no user.`,
    'Write an object: {"id": "ada", "country": "DE"}.',
  )
}
