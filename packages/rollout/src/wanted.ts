import { SluiceError } from '@sluice/core'
import type { Signal } from '@sluice/guards'

/**
 * What was given up goes no further: its way back may have begun, or another process may be at it.
 *
 * Asked behind everything that is waited for, before the next thing that has an effect.
 *
 * @throws SluiceError `given_up`.
 */
export function assertWanted({ aborted }: Pick<Signal, 'aborted'>): void {
  if (aborted) throw new SluiceError('given_up', 'It is not wanted any more.')
}
