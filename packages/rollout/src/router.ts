import type { Split } from '@sluice/core'

/** Sends traffic to arms by weight. Weights are percent by arm name and sum to 100. */
export interface Router {
  readonly name: string
  /**
   * Resolves when every request that begins from now on goes by these weights. Those under way finish on their arm.
   *
   * @param weights Percent by arm name, summing to 100; an arm that is not named gets 0.
   * @throws SluiceError `invalid_split`, with pointer, expected and found; the weights before stay in force.
   */
  apply(weights: Split): Promise<void>
  /** The weights in force, where they can be read: what a restart of the router may have changed. */
  read?(): Promise<Split>
  close?(): Promise<void>
}
