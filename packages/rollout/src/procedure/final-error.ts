import { SluiceError } from '@sluice/core'

/**
 * An error of a step that no further try would mend.
 *
 * @param detectedAt When the trouble was first seen, epoch ms, where that was before now.
 */
export function finalError(code: string, message: string, detectedAt?: number): SluiceError {
  const error = new SluiceError(code, message)
  return Object.assign(error, { isFinal: true }, detectedAt === undefined ? {} : { detectedAt })
}
