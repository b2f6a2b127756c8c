import type { FlagDefinitions } from './definition.ts'
import { explainFlag } from './explain.ts'
import { createFlagSet as createTrustingFlagSet } from './flag-set.ts'
import type { FlagSet, FlagSetOptions } from './flag-set-contract.ts'
import { allEngines } from './node-engines.ts'
import { parseDefinitions, parseExposure, parseSegment } from './parse-definitions.ts'

/**
 * Parses definitions and compiles them into a flag set, with every engine Node can have.
 *
 * @throws SluiceError where a definition, a segment or an exposure is refused: then none is served.
 */
export function createFlagSet<const D extends FlagDefinitions>(
  definitions: D,
  options: FlagSetOptions = {},
): FlagSet<D> {
  const segments = Object.fromEntries(
    Object.entries(options.segments ?? {}).map(([key, each]) => [key, parseSegment(key, each)]),
  )
  const flags = parseDefinitions(definitions, { segments })
  const exposures = Object.fromEntries(
    Object.entries(options.exposures ?? {}).map(([key, each]) => [
      key,
      parseExposure(key, each, Object.hasOwn(flags, key) ? flags[key] : undefined),
    ]),
  )
  return createTrustingFlagSet(flags as D, {
    engines: allEngines,
    explainer: explainFlag,
    ...options,
    segments,
    exposures,
  })
}
