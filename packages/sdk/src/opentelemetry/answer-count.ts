import { type Answer, PrefixHash } from '@sluice/core'
import type { TelemetryAttributes } from './contract.ts'

/** What is counted together: one flag and variant, one flag and error, or all keys that no flag has. */
export interface CountedAs {
  readonly key?: string
  readonly variant?: string | undefined
  readonly errorCode?: string | undefined
}

/** How often it was answered, and how often anew. */
export class AnswerCount {
  readonly attributes: TelemetryAttributes
  /** Where in the table of exposures a user stands, and by which mark. */
  readonly place: PrefixHash
  readonly mark: PrefixHash
  evaluations = 0
  exposures = 0
  #answer: Answer | undefined
  #event: TelemetryAttributes = {}

  /** @param common What is said of all of them. */
  constructor(common: TelemetryAttributes, { key, variant, errorCode }: CountedAs) {
    this.attributes = Object.freeze({
      ...common,
      ...(key === undefined ? {} : { 'feature_flag.key': key }),
      ...(variant === undefined ? {} : { 'feature_flag.result.variant': variant }),
      ...(errorCode === undefined ? {} : { 'error.type': errorCode.toLowerCase() }),
    })
    // Lengths before texts, so that no two of them make the same text with whatever user behind it.
    const texts = [key, variant, errorCode].map((text) => `${text?.length}:${text}:`).join('')
    this.place = new PrefixHash(texts)
    this.mark = new PrefixHash(`mark:${texts}`)
  }

  /** The attributes of an event: made once for as long as the flag's answers are the same object. */
  eventOf(answer: Answer, provider: TelemetryAttributes): TelemetryAttributes {
    if (answer !== this.#answer) {
      this.#answer = answer
      const { flagKey, reason, flagRevision } = answer
      this.#event = Object.freeze({
        ...provider,
        ...this.attributes,
        'feature_flag.key': flagKey,
        'feature_flag.result.reason': reason.toLowerCase(),
        ...(flagRevision > 0 ? { 'feature_flag.version': String(flagRevision) } : {}),
      })
    }
    return this.#event
  }
}
