export {
  defineConfig,
  type OpenedStore,
  type RolloutSettings,
  type SluiceConfig,
} from './sluice-config.ts'
