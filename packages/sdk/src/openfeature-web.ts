/**
 * The provider for OpenFeature's web SDK.
 *
 * @module
 */

export type { Source } from './openfeature/session.ts'
export {
  createOpenFeatureProvider,
  type OpenFeatureProviderOptions,
} from './openfeature/web-provider.ts'
