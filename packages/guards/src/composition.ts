import type { Consequence, Guard, GuardBase } from './guard.ts'
import { demandOf, type Monitor, type SavedMonitor } from './monitor.ts'
import { refuseCheckpoint } from './saved-numbers.ts'
import { validateGuard } from './validate-guard.ts'
import type { Verdict } from './verdict.ts'

/** Several guards as one. */
export interface CompositionGuard extends GuardBase {
  /** `all` asks that all be well, `any` that at least one be. */
  kind: 'all' | 'any'
  guards: readonly Guard[]
}

/**
 * Passes where all of its guards pass, and fails as soon as one fails.
 *
 * @throws SluiceError `invalid_guard`.
 */
export function all(
  guards: readonly Guard[],
  options: Partial<Pick<CompositionGuard, 'name' | 'consequence' | 'alert'>> = {},
): CompositionGuard {
  return validateGuard({ kind: 'all', name: 'all', consequence: 'rollback', guards, ...options })
}

/**
 * Passes where one of its guards passes, and fails only when all have failed.
 *
 * @throws SluiceError `invalid_guard`.
 */
export function any(
  guards: readonly Guard[],
  options: Partial<Pick<CompositionGuard, 'name' | 'consequence' | 'alert'>> = {},
): CompositionGuard {
  return validateGuard({ kind: 'any', name: 'any', consequence: 'rollback', guards, ...options })
}

const strength: readonly Consequence[] = ['warn', 'hold', 'rollback']

/**
 * Watches several guards as one.
 *
 * @param parts One monitor for each of its guards, in their order.
 */
export function createCompositionMonitor(
  guard: CompositionGuard,
  parts: readonly Monitor[],
): Monitor {
  const { name, kind } = guard

  function judge(): Verdict {
    const verdicts = parts.map((part) => part.judge())
    const deciding = findDeciding(verdicts)
    const { outcome } = deciding
    const told = verdicts.filter((verdict) => verdict.outcome === outcome)
    const { basis, decidedAt } = deciding
    const secondsToDecision = outcome === 'inconclusive' ? findSeconds(verdicts) : undefined
    const dataAt = findDataAt(outcome === 'pass' && kind === 'any' ? told : verdicts)
    return {
      guard: name,
      kind,
      outcome,
      consequence: findConsequence(outcome === 'fail' ? told : verdicts),
      because: told.map((part) => `${part.guard}: ${part.because}`).join('; '),
      next: deciding.next,
      estimate: deciding.estimate,
      evidence: pick(verdicts.map(({ evidence }) => evidence)),
      evidenceLog: pick(verdicts.map(({ evidenceLog }) => evidenceLog)),
      counts: deciding.counts,
      parts: verdicts,
      ...(basis === undefined ? {} : { basis }),
      ...(dataAt === undefined ? {} : { dataAt }),
      ...(outcome === 'fail' && decidedAt !== undefined ? { decidedAt } : {}),
      ...(secondsToDecision === undefined ? {} : { secondsToDecision }),
    }
  }

  /** The part that makes the whole what it is. */
  function findDeciding(verdicts: readonly Verdict[]): Verdict {
    const order =
      kind === 'all'
        ? (['fail', 'inconclusive', 'pass'] as const)
        : (['pass', 'inconclusive', 'fail'] as const)
    for (const outcome of order) {
      const found = verdicts.filter((verdict) => verdict.outcome === outcome)
      if (found.length > 0) return found.sort(byConsequence)[0] as Verdict
    }
    throw new Error('a composition has at least one guard')
  }

  function byConsequence(one: Verdict, other: Verdict): number {
    return strength.indexOf(other.consequence) - strength.indexOf(one.consequence)
  }

  /** Of an `all` the strongest that a part asks for, of an `any` the weakest; never more than its own. */
  function findConsequence(verdicts: readonly Verdict[]): Consequence {
    const asked = verdicts.map(({ consequence }) => strength.indexOf(consequence))
    const found = kind === 'all' ? Math.max(...asked) : Math.min(...asked)
    return strength[Math.min(found, strength.indexOf(guard.consequence))] as Consequence
  }

  /** An `all` fails with the first of its guards, an `any` with the last of those that do not fail yet. */
  function findSeconds(verdicts: readonly Verdict[]): number | undefined {
    const waiting = verdicts.filter((verdict) => verdict.outcome !== 'fail')
    const known = waiting.flatMap(({ secondsToDecision: seconds }) => seconds ?? [])
    if (known.length === 0 || (kind === 'any' && known.length < waiting.length)) return undefined
    return pick(known.map((seconds) => -seconds)) * -1
  }

  function pick(values: readonly number[]): number {
    return kind === 'all' ? Math.max(...values) : Math.min(...values)
  }

  /** A pass is as old as the oldest data it rests on; where one suffices, as the newest. */
  function findDataAt(verdicts: readonly Verdict[]): number | undefined {
    const times = verdicts.flatMap(({ dataAt }) => (dataAt === undefined ? [] : [dataAt]))
    if (times.length === 0) return undefined
    return kind === 'all' ? Math.min(...times) : Math.max(...times)
  }

  /** As the verdict says it: a part that asks for less than all others makes the difference in an `any`. */
  function findDemand(): Consequence | undefined {
    let found: number | undefined
    for (const part of parts) {
      const demand = demandOf(part)
      if (demand === undefined) {
        if (kind === 'any') return undefined
        continue
      }
      const asked = strength.indexOf(demand)
      found ??= asked
      found = kind === 'all' ? Math.max(found, asked) : Math.min(found, asked)
    }
    if (found === undefined) return undefined
    return strength[Math.min(found, strength.indexOf(guard.consequence))]
  }

  return {
    findDemand,
    observe(tick, views) {
      for (let index = 0; index < parts.length; index++) parts[index]!.observe(tick, views)
    },
    judge,
    save: () => ({ parts: parts.map((part) => part.save()) }),
    restore(saved) {
      if (!Array.isArray(saved.parts) || saved.parts.length !== parts.length) {
        throw refuseCheckpoint(`"${name}" has ${parts.length} guards`)
      }
      parts.forEach((part, index) => {
        part.restore(Object((saved.parts as unknown[])[index]) as SavedMonitor)
      })
    },
  }
}
