/**
 * The provider for OpenFeature's server SDK.
 *
 * @module
 */

export {
  createOpenFeatureProvider,
  type OpenFeatureProviderOptions,
} from './openfeature/server-provider.ts'
export type { Source } from './openfeature/session.ts'
