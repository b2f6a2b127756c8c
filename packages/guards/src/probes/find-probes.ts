import { isProbeKind } from './probe-kinds.ts'
import type { ProbeGuard } from './validate-probe.ts'

/** A guard of any kind, and a composition of them. */
export interface GuardLike {
  readonly kind: string
  readonly name: string
  readonly guards?: readonly GuardLike[]
}

/** The guards that look for themselves, those within compositions too, in the order given. */
export function findProbes(guards: readonly GuardLike[]): ProbeGuard[] {
  return guards.flatMap((guard) =>
    isProbe(guard) ? [guard] : isComposition(guard) ? findProbes(guard.guards ?? []) : [],
  )
}

/**
 * Gives guards the functions of others that have their kind and their name: a rollout's state holds no functions, so a
 * process that goes on with it finds them among the guards it was given.
 */
export function withFunctions(
  probes: readonly ProbeGuard[],
  given: readonly GuardLike[],
): ProbeGuard[] {
  const found = findProbes(given)
  return probes.map((probe) => {
    const same = found.find(({ kind, name }) => kind === probe.kind && name === probe.name)
    // What stands in the state comes after: it decides whether there is anything for a function to do.
    const { read, run } = Object(same) as { read?: object; run?: object }
    return { ...(read && { read }), ...(run && { run }), ...probe } as ProbeGuard
  })
}

/** The guard as it stands in the log: without functions, its own or those of the guards within it. */
export function withoutFunctions<G extends GuardLike>(guard: G): G {
  const { read: _read, run: _run, ...plain } = guard as G & { read?: unknown; run?: unknown }
  if (!isComposition(guard)) return plain as unknown as G
  return { ...plain, guards: (guard.guards ?? []).map(withoutFunctions) } as unknown as G
}

function isProbe(guard: GuardLike): guard is ProbeGuard {
  return isProbeKind(guard.kind)
}

function isComposition({ kind }: GuardLike): boolean {
  return kind === 'all' || kind === 'any'
}
