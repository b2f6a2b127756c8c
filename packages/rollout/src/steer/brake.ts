import type { BrakeNotice } from '../rollout-events.ts'

/** What tells of brakes: a rollout controller, or anything with this member. */
export interface BrakeSource {
  on(name: 'brake', listener: (notice: BrakeWord) => void): () => void
}

/** That the canary must not serve until the log says so too; or may again, as the log says. */
export type BrakeWord = Pick<BrakeNotice, 'flag' | 'environment' | 'isOn'>

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
