import { SluiceError } from '@sluice/core'

/** A week. A timer holds three and a half, and a page waits three heartbeats. */
const mostMs = 604_800_000

/** @throws SluiceError `invalid_option` for what is no function. */
export function assertFunctions(given: { readonly [name: string]: unknown }): void {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'function') throw unfit(name, 'a function', value)
  }
}

/** @throws SluiceError `invalid_option` for what is no number, or none that can be waited for. */
export function assertNumbers(given: { readonly [name: string]: number }): void {
  for (const [name, value] of Object.entries(given)) {
    if (!(value > 0 && value <= mostMs)) {
      throw unfit(name, `a number above 0, of at most ${mostMs}`, value)
    }
  }
}

/** An option that is not what it must be. */
export function unfit(name: string, expected: string, value: unknown): SluiceError {
  const found = String(value)
  const message = `answersHandler: \`${name}\` must be ${expected}, not ${found}.`
  return new SluiceError('invalid_option', message, { expected, found })
}
