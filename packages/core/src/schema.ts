/**
 * Reads definitions from anywhere, by zod, and refuses what is wrong with flag, JSON pointer, expected and found.
 *
 * @module
 */

export { checkReferences } from './check-references.ts'
export { conditionSchema, definitionSchema, exposureSchema } from './definition-schema.ts'
export { documentJsonSchema } from './json-schema.ts'
export {
  type DefinitionsDocument,
  type ParseOptions,
  parseDefinition,
  parseDefinitions,
  parseDocument,
  parseExposure,
  parseSegment,
} from './parse-definitions.ts'
