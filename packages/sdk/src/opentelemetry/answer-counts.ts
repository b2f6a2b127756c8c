import type { Answer } from '@sluice/core'
import { AnswerCount } from './answer-count.ts'
import type { TelemetryAttributes } from './contract.ts'

/** What is counted of the flags of one client. */
export class AnswerCounts {
  /** Keys that no flag has are counted as one: whoever misspells them at random fills no memory. */
  readonly unknown: AnswerCount
  readonly #byVariant = new Map<string, Map<string | undefined, AnswerCount>>()
  readonly #byError = new Map<string, Map<string | undefined, AnswerCount>>()

  /** What all counters say: of two clients at one meter, one would else write over the other. */
  readonly common: TelemetryAttributes

  constructor(common: TelemetryAttributes) {
    this.common = common
    this.unknown = new AnswerCount(common, { errorCode: 'FLAG_NOT_FOUND' })
  }

  /** Where an answer is counted. */
  of({ flagKey, variant, errorCode }: Answer): AnswerCount {
    if (errorCode === 'FLAG_NOT_FOUND') return this.unknown
    const counts = errorCode === undefined ? this.#byVariant : this.#byError
    const name = errorCode ?? variant
    let ofFlag = counts.get(flagKey)
    if (ofFlag === undefined) {
      ofFlag = new Map()
      counts.set(flagKey, ofFlag)
    }
    let counted = ofFlag.get(name)
    if (counted === undefined) {
      counted = new AnswerCount(this.common, { key: flagKey, variant, errorCode })
      ofFlag.set(name, counted)
    }
    return counted
  }

  *[Symbol.iterator](): Generator<AnswerCount> {
    for (const counts of [this.#byVariant, this.#byError]) {
      for (const ofFlag of counts.values()) yield* ofFlag.values()
    }
    if (this.unknown.evaluations > 0) yield this.unknown
  }
}
