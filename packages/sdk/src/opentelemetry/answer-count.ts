import { type Answer, PrefixHash } from '@sluice/core'
import type { TelemetryAttributes } from './contract.ts'

/** What is counted of one flag and variant, of one flag and error, or of all keys that no flag has. */
export class AnswerCount {
  readonly attributes: TelemetryAttributes
  /** Where in the table of exposures a user stands, and by which mark. */
  readonly place: PrefixHash
  readonly mark: PrefixHash
  evaluations = 0
  exposures = 0
  #answer: Answer | undefined
  #event: TelemetryAttributes = {}

  constructor(key: string | undefined, variant: string | undefined, errorCode: string | undefined) {
    this.attributes = Object.freeze({
      ...(key === undefined ? {} : { 'feature_flag.key': key }),
      ...(variant === undefined ? {} : { 'feature_flag.result.variant': variant }),
      ...(errorCode === undefined ? {} : { 'error.type': errorCode.toLowerCase() }),
    })
    // Lengths before texts, so that no two flags and variants make the same prefix.
    const prefix = `${key?.length}:${key}:${variant ?? ''}:${errorCode ?? ''}:`
    this.place = new PrefixHash(prefix)
    this.mark = new PrefixHash(`mark:${prefix}`)
  }

  /** The attributes of an event: made once for as long as the flag's answers are the same object. */
  eventOf(answer: Answer, common: TelemetryAttributes): TelemetryAttributes {
    if (answer !== this.#answer) {
      this.#answer = answer
      const { flagKey, reason, flagRevision } = answer
      this.#event = Object.freeze({
        ...common,
        ...this.attributes,
        'feature_flag.key': flagKey,
        'feature_flag.result.reason': reason.toLowerCase(),
        ...(flagRevision > 0 ? { 'feature_flag.version': String(flagRevision) } : {}),
      })
    }
    return this.#event
  }
}
