import { type DeclaredCondition, declaredConditions } from './counts.ts'
import type { GuardBase } from './guard.ts'
import type { Monitor } from './monitor.ts'
import { validateGuard } from './validate-guard.ts'
import { readDecision, type Verdict } from './verdict.ts'

/** Fails at once when a person, or code, declares one of its conditions. */
export interface DeclarationGuard extends GuardBase {
  kind: 'declaration'
  /** Which conditions it listens to. Default: all three. */
  conditions: readonly DeclaredCondition[]
}

/**
 * Fails when somebody declares a critical feature broken, data corrupted, or a vulnerability: rollback at once.
 *
 * @throws SluiceError `invalid_guard`.
 */
export function declaration(
  options: Partial<Omit<DeclarationGuard, 'kind'>> = {},
): DeclarationGuard {
  return validateGuard({
    kind: 'declaration',
    name: 'declaration',
    consequence: 'rollback',
    alert: 'critical',
    conditions: declaredConditions,
    ...options,
  })
}

/** Watches for a declaration; the first one stands. */
export function createDeclarationMonitor(guard: DeclarationGuard): Monitor {
  const { name, kind, consequence, conditions } = guard
  let decided: { at: number; because: string } | undefined
  let dataAt: number | undefined

  return {
    observe({ at, declared }) {
      dataAt = at
      if (decided !== undefined || declared === undefined || declared === null) return
      if (!conditions.includes(declared.condition)) return
      decided = { at, because: `${declared.condition} was declared: ${declared.because}` }
    },

    judge(): Verdict {
      return {
        guard: name,
        kind,
        outcome: decided === undefined ? 'pass' : 'fail',
        consequence,
        because: decided?.because ?? 'nothing was declared',
        next: decided === undefined ? 'a declaration' : 'nothing: what was declared stands',
        estimate: undefined,
        evidence: decided === undefined ? 0 : 1,
        evidenceLog: 0,
        counts: { stable: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } },
        ...(decided === undefined ? { basis: 'estimate' as const } : { decidedAt: decided.at }),
        ...(dataAt === undefined ? {} : { dataAt }),
      }
    },

    findDemand: () => (decided === undefined ? undefined : consequence),
    save: () => ({ decided, dataAt }),
    restore(saved) {
      decided = readDecision(saved.decided)
      dataAt = typeof saved.dataAt === 'number' ? saved.dataAt : undefined
    },
  }
}
