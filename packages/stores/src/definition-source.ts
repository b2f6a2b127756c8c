import type { SluiceError } from '@sluice/core'
import type { DefinitionsDocument } from '@sluice/core/schema'

/** Somewhere definitions come from, and change, while the application runs. */
export interface DefinitionSource {
  /** Named in errors and explanations: a path, an address. */
  readonly origin: string
  /**
   * Begins to deliver documents, the first one at once where that is possible.
   *
   * @returns A function that stops.
   * @throws SluiceError Where the first document is bad, or is looked for at once and missing.
   */
  start(listener: DefinitionListener): () => void
}

/** Who receives documents. */
export interface DefinitionListener {
  /**
   * Takes a document, parsed by `parseDocument` or `parseDefinitionText`, into service.
   *
   * @throws SluiceError Where it does not fit what else is there; the one before stays in service.
   */
  accept(document: DefinitionsDocument): void
  /** Hears of a document that could not be read; the one before stays in service. */
  report(error: SluiceError): void
}
