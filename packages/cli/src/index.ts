export { defineConfig, type OpenedStore, type SluiceConfig } from './sluice-config.ts'
