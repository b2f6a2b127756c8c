import type { Json } from './json.ts'

/** The values a condition compares an attribute with. */
export type Scalar = string | number | boolean

/**
 * A question about the context, as data.
 *
 * An attribute condition may name several operators: all of them must hold. Where the attribute is a
 * list, one matching item is enough. An attribute that is missing or of another type does not match.
 * An attribute that begins with `/` is a JSON pointer into the context (`/address/country`).
 */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly segment: string }
  | AttributeCondition

/** Every operator of an attribute condition; a list on the right means "any of these". */
export interface Operators {
  readonly is?: Scalar | readonly Scalar[]
  readonly in?: readonly Scalar[]
  /** Substring of a string; where the attribute is a list, a member of it. */
  readonly contains?: Scalar | readonly Scalar[]
  readonly startsWith?: string | readonly string[]
  readonly endsWith?: string | readonly string[]
  /** Linear-time regular expression (RE2 syntax), found anywhere in the text. At most 256 characters. */
  readonly matches?: string | readonly string[]
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
  /** An instant: ISO 8601 with a zone, or epoch milliseconds. The attribute may be either too. */
  readonly before?: string | number
  readonly after?: string | number
  /** A version range in npm's syntax, `>=2.1.0 <3`. */
  readonly semver?: string | readonly string[]
  /** An address block, `10.0.0.0/8` or `2001:db8::/32`. */
  readonly cidr?: string | readonly string[]
  readonly exists?: boolean
}

/** Operators over one attribute of the context. */
export interface AttributeCondition extends Operators {
  readonly attribute: string
}

/** Percentages between variants, in declared order; they sum to 100. */
export type Split = { readonly [variant: string]: number }

/** First match wins. */
export interface Rule {
  /** Named in answers and explanations; default: the rule's position from 0. */
  readonly id?: string
  readonly if: Condition
  /** Percent of the matching subjects, 0 to 100. Default 100. */
  readonly rollout?: number
  /** The variant for those inside. Default: the variant the flag serves. */
  readonly serve?: string
  /** Instead of `serve`: shares between variants. */
  readonly split?: Split
  /** Where matching subjects outside `rollout` go: the next rule, or off. Default `off`. */
  readonly otherwise?: 'next' | 'off'
}

/** When a flag may be on. Both ends are optional; `from` is inside, `until` is not. */
export interface Schedule {
  /** ISO 8601 with a zone, or epoch milliseconds. */
  readonly from?: string | number
  readonly until?: string | number
  /** A linear ramp of the rollout from 0 percent at `from` to the rollout at this instant. */
  readonly fullAt?: string | number
}

/** What may differ between environments. */
export interface EnvironmentSettings {
  /** Default false: a flag is off until someone turns it on. */
  readonly enabled?: boolean
  /** Percent of subjects, 0 to 100. Default 0, or 100 where a `split` is given. */
  readonly rollout?: number
  /** The variant served to those inside. Default `on`, where there is such a variant. */
  readonly serve?: string
  /** Instead of `serve`: shares between variants. */
  readonly split?: Split
  readonly rules?: readonly Rule[]
  readonly schedule?: Schedule
}

/** Another flag that must serve one of these variants first. A bare key means `on`. */
export interface Prerequisite {
  readonly flag: string
  readonly variants: readonly string[]
}

/**
 * One flag, as data. Settings at the top hold in every listed environment; where `environments` is
 * an object, an environment's own settings replace them one by one.
 */
export interface FlagDefinition extends EnvironmentSettings {
  readonly description?: string
  readonly owner?: string
  readonly tags?: readonly string[]
  readonly kind?: 'release' | 'experiment' | 'operational' | 'permission'
  /** ISO 8601. */
  readonly createdAt?: string
  /** ISO 8601. Reported when past; it never switches a flag off. */
  readonly expiresAt?: string
  /** The team's own facts about the flag, handed out with its answers by OpenFeature. */
  readonly metadata?: { readonly [name: string]: Scalar }
  /** Where the flag may be on; it is off in every environment not listed here. */
  readonly environments?: readonly string[] | { readonly [name: string]: EnvironmentSettings }
  /** JSON values of one type. Default `{ on: true, off: false }`. */
  readonly variants?: { readonly [name: string]: Json }
  /** The variant for those outside. Default `off` where there is one, else the caller's default. */
  readonly offVariant?: string
  /** The attribute to bucket by instead of the targeting key. */
  readonly bucketBy?: string
  /** Default: the flag's key. Flags that share a salt reach the same users. */
  readonly salt?: string
  readonly prerequisites?: readonly (string | Prerequisite)[]
}

/** Flags by key. */
export type FlagDefinitions = { readonly [key: string]: FlagDefinition }

/** Named conditions by key, for reuse in rules. */
export type SegmentDefinitions = { readonly [key: string]: Condition }

/** What operators and controllers move at run time; laid over the definition in one environment. */
export interface Exposure {
  readonly enabled?: boolean
  readonly rollout?: number
  readonly split?: Split
}

/** Exposures of one environment by flag key. */
export type Exposures = { readonly [key: string]: Exposure }
