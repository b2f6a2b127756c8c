import type { ProbeGuard } from './validate-probe.ts'

/** The kinds of guards that look for themselves. */
export const probeKinds: readonly string[] = [
  'gauge',
  'check',
  'custom_reading',
] satisfies ProbeGuard['kind'][]

/** Whether guards of this kind look for themselves, beside the counts; they claim no alpha. */
export function isProbeKind(kind: string): kind is ProbeGuard['kind'] {
  return probeKinds.includes(kind)
}
