/**
 * What some operators need that is too heavy for every browser. Each compiles an operand to a test,
 * and throws where the operand is malformed.
 */
export interface Engines {
  /** Linear-time regular expressions: `matches`. */
  readonly matches?: (pattern: string) => (text: string) => boolean
  /** Version ranges: `semver`. */
  readonly semver?: (range: string) => (version: string) => boolean
  /** Address blocks: `cidr`. */
  readonly cidr?: (block: string) => (address: string) => boolean
}

/** The operators that need an engine. */
export const engineNames = ['matches', 'semver', 'cidr'] as const
