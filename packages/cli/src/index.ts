/**
 * What a configuration of the command line is typed by.
 *
 * @module
 */

export {
  defineConfig,
  type OpenedStore,
  type RolloutSettings,
  type SluiceConfig,
} from './sluice-config.ts'
