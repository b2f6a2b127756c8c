/** What `sluice.config.ts` says. */
export interface SluiceConfig {
  /** Where the log is: a URL as `--store` takes it. */
  readonly store?: string
}

/** Types a configuration file; answers what it was given. */
export function defineConfig(config: SluiceConfig): SluiceConfig {
  return config
}
