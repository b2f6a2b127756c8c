import { type EvaluationContext, SluiceError } from '@sluice/core'

/** Servers refuse longer URLs: Node at 16 KB with all headers, others at 8. */
const maxLength = 6_000

/**
 * A context as a URL's query holds it; empty where there is none.
 *
 * @throws SluiceError `invalid_context` for what is no JSON, or too long for a URL.
 */
export function sentContext(context: EvaluationContext): string {
  let text: string | undefined
  let cause: unknown
  try {
    text = context == null ? '' : encodeURIComponent(JSON.stringify(context) as never)
  } catch (error) {
    cause = error
  }
  if (text !== undefined && text !== 'undefined' && text.length <= maxLength) return text
  const message = `A context is sent in the URL, as JSON of at most ${maxLength} characters once it is encoded; this one cannot be. Send fewer attributes.`
  throw new SluiceError('invalid_context', message, { cause })
}
