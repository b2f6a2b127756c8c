// OpenTelemetry's shapes, as far as they are used: any copy of its API fits, and none is loaded by this package.

/** Names with texts, as OpenTelemetry takes them. */
export type TelemetryAttributes = { readonly [name: string]: string }

/** `Logger` of `@opentelemetry/api-logs`. */
export interface EventLogger {
  emit(event: { eventName: string; attributes: TelemetryAttributes }): void
}

/** A span of `@opentelemetry/api`. */
export interface EventSpan {
  isRecording(): boolean
  addEvent(name: string, attributes: TelemetryAttributes): unknown
}

/** What a measurement is reported to. */
export interface Observation {
  observe(value: number, attributes?: TelemetryAttributes): void
}

/** An observable counter of `@opentelemetry/api`. */
export interface ObservedCounter {
  addCallback(callback: (observation: Observation) => void): void
  removeCallback(callback: (observation: Observation) => void): void
}

/** `Meter` of `@opentelemetry/api`. */
export interface CountMeter {
  createObservableCounter(
    name: string,
    options: { description: string; unit: string },
  ): ObservedCounter
}
