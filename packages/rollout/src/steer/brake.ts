/** The word of a controller that the canary must not serve until the log says so too. */
export interface BrakeNotice {
  readonly flag: string
  readonly environment: string
  readonly isOn: boolean
}

/** What tells of brakes: a rollout controller, or anything with this member. */
export interface BrakeSource {
  on(name: 'brake', listener: (notice: BrakeNotice) => void): () => void
}

/** Follows the brake of one flag or service. */
export function followBrake(
  source: BrakeSource | undefined,
  {
    environment,
    name,
    onChange,
  }: { readonly environment: string; readonly name: string; readonly onChange: () => void },
): { readonly isOn: boolean; stop(): void } {
  let isOn = false
  const stop = source?.on('brake', (notice) => {
    if (notice.flag !== name || notice.environment !== environment || notice.isOn === isOn) return
    isOn = notice.isOn
    onChange()
  })
  return {
    get isOn() {
      return isOn
    },
    stop: () => stop?.(),
  }
}
