import type { BrakeNotice } from '../controller/rollout-events.ts'

/** What tells of brakes: a rollout controller, or anything with these members. */
export interface BrakeSource {
  /** Whether it is on now: whoever begins to listen meanwhile is not told. Absent: it is off. */
  readonly isBraking?: boolean
  /** Whose brake that is. */
  readonly state?: Pick<BrakeWord, 'flag' | 'environment'> | undefined
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
  let isOn = isBrakingNow(source)
  const stop = source?.on('brake', (notice) => {
    if (notice.flag !== name || notice.environment !== environment || notice.isOn === isOn) return
    isOn = notice.isOn
    onChange()
  })
  function isBrakingNow({ isBraking = false, state }: Partial<BrakeSource> = {}): boolean {
    return isBraking && state?.flag === name && state.environment === environment
  }

  return {
    get isOn() {
      return isOn
    },
    stop: () => stop?.(),
  }
}
