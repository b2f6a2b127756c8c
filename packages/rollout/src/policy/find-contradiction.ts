import type { Fault } from '../issue.ts'
import type { Policy } from './policy.ts'

/** The first place at which a policy, however well each number is formed, contradicts itself. */
export function findContradiction(policy: Policy): Fault | undefined {
  for (const find of [
    findInStages,
    findInRolling,
    findInEnvironments,
    findInPromotion,
    findInApprovals,
    findInHealth,
    findInTimelines,
    findInRetention,
  ]) {
    const fault = find(policy)
    if (fault !== undefined) return fault
  }
  return undefined
}

function findInStages({ canary }: Policy): Fault | undefined {
  const { percents, minFirstPercent, maxFirstPercent } = canary
  if (minFirstPercent > maxFirstPercent) {
    const most = `at most maxFirstPercent, ${maxFirstPercent}`
    return fault('/canary/minFirstPercent', most, minFirstPercent)
  }
  const first = percents[0] ?? 0
  if (first > maxFirstPercent || first < minFirstPercent) {
    const expected = `${minFirstPercent} to ${maxFirstPercent} (minFirstPercent, maxFirstPercent)`
    return fault('/canary/percents/0', expected, first)
  }
  for (const [index, percent] of percents.entries()) {
    const before = percents[index - 1] ?? 0
    if (percent > before) continue
    return fault(`/canary/percents/${index}`, `more than the ${before} before it`, percent)
  }
  const last = percents.length - 1
  if (percents[last] !== 100) {
    return fault(`/canary/percents/${last}`, '100 in the last stage', percents[last])
  }
  if (canary.onHoldLimit === 'roll_back' && canary.holdLimitMs === undefined) {
    return fault('/canary/holdLimitMs', 'a time, for onHoldLimit is roll_back', 'nothing')
  }
  return undefined
}

/** `rolling()` without numbers of its own would be refused. */
function findInRolling({ rolling }: Policy): Fault | undefined {
  for (const name of ['firstBatch', 'batch'] as const) {
    if (rolling[name] <= rolling.maxUnavailable) continue
    const expected = `at most maxUnavailable, ${rolling.maxUnavailable}`
    return fault(`/rolling/${name}`, expected, rolling[name])
  }
  return undefined
}

function findInEnvironments({ environments, ...rest }: Policy): Fault | undefined {
  const { order, production } = environments
  const twice = order.findIndex((name, index) => order.indexOf(name) !== index)
  if (twice >= 0)
    return fault(`/environments/order/${twice}`, 'each environment once', order[twice])
  const { deployment, approvals, rollback } = rest
  const named: [string, readonly string[]][] = [
    ['/environments/production', production],
    ['/approvals/requiredIn', approvals.requiredIn],
    ['/deployment/rehearseMigrationsIn', deployment.rehearseMigrationsIn],
    ['/deployment/backUpIn', deployment.backUpIn],
  ]
  const expected = `one of ${order.join(', ')}`
  for (const [pointer, names] of named) {
    const unknown = names.findIndex((name) => !order.includes(name))
    if (unknown >= 0) return fault(`${pointer}/${unknown}`, expected, names[unknown])
  }
  if (!order.includes(rollback.testedIn)) {
    return fault('/rollback/testedIn', expected, rollback.testedIn)
  }
  // What is promoted there would never have soaked anywhere.
  const first = order.findIndex((name) => production.includes(name))
  const behind = order.findIndex((name, index) => index > first && !production.includes(name))
  if (first >= 0 && behind >= 0) {
    return fault(`/environments/order/${behind}`, 'production environments last', order[behind])
  }
  // A plan is tried before production, and no database of production goes down for practice.
  if (first > 0 && production.includes(rollback.testedIn)) {
    return fault('/rollback/testedIn', 'an environment before production', rollback.testedIn)
  }
  const practised = deployment.rehearseMigrationsIn.findIndex((name) => production.includes(name))
  if (practised >= 0) {
    const found = deployment.rehearseMigrationsIn[practised]
    const pointer = `/deployment/rehearseMigrationsIn/${practised}`
    return fault(pointer, 'an environment before production', found)
  }
  for (const [name, trigger] of Object.entries(deployment.triggers)) {
    const pointer = `/deployment/triggers/${name}`
    if (!order.includes(name)) return fault(pointer, expected, name)
    if (trigger.on === 'approval' || !approvals.requiredIn.includes(name)) continue
    return fault(`${pointer}/on`, `approval, for approvals are required in ${name}`, trigger.on)
  }
  return undefined
}

/** A requirement that nothing can fail is none. */
function findInPromotion({ promotion, smokeTests }: Policy): Fault | undefined {
  if (promotion.requires.includes('smoke_tests') && smokeTests.length === 0) {
    return fault('/smokeTests', 'at least one, for promotion requires smoke_tests', 'none')
  }
  return undefined
}

function findInApprovals({ approvals, hotfix }: Policy): Fault | undefined {
  if (approvals.requiredIn.length > 0 && Object.keys(approvals.types).length === 0) {
    const where = approvals.requiredIn.join(', ')
    return fault('/approvals/types', `at least one, for approvals are required in ${where}`, 'none')
  }
  const urgent = Object.hasOwn(approvals.types, 'hotfix') ? approvals.types.hotfix : undefined
  if (urgent !== undefined && urgent.noticeMs > hotfix.approvalMs) {
    const expected = `at most the fast track's approvalMs, ${hotfix.approvalMs}`
    return fault('/approvals/types/hotfix/noticeMs', expected, urgent.noticeMs)
  }
  for (const [type, { approvers, noticeMs }] of Object.entries(approvals.types)) {
    const pointer = `/approvals/types/${type}`
    if (approvers !== 'everyone' && Object.keys(approvers).length === 0) {
      return fault(`${pointer}/approvers`, 'at least one role', 'none')
    }
    if (noticeMs < approvals.expiresAfterMs) continue
    const expected = `less than expiresAfterMs, ${approvals.expiresAfterMs}`
    return fault(`${pointer}/noticeMs`, expected, noticeMs)
  }
  return undefined
}

function findInHealth({ health }: Policy): Fault | undefined {
  const { verification, rollback, critical, warning } = health
  for (const name of ['errorRatio', 'latencyRatio'] as const) {
    if (rollback[name] > verification[name]) continue
    const expected = `more than the verification's ${verification[name]}`
    return fault(`/health/rollback/${name}`, expected, rollback[name])
  }
  for (const name of ['errorRate', 'p95Ms'] as const) {
    if (critical[name] > warning[name]) continue
    return fault(
      `/health/critical/${name}`,
      `more than the warning's ${warning[name]}`,
      critical[name],
    )
  }
  for (const name of ['cpu', 'memory'] as const) {
    if (warning[name] > warning.hysteresis) continue
    const expected = `more than the hysteresis of ${warning.hysteresis}`
    return fault(`/health/warning/${name}`, expected, warning[name])
  }
  if (warning.freeDisk + warning.hysteresis >= 1) {
    const expected = `less than 1 with the hysteresis of ${warning.hysteresis}`
    return fault('/health/warning/freeDisk', expected, warning.freeDisk)
  }
  return undefined
}

function findInTimelines({ rollback, hotfix }: Policy): Fault | undefined {
  const rollbackMs = rollback.decisionMs + rollback.executionMs + rollback.verificationMs
  if (rollback.totalMs < rollbackMs) {
    const expected = `at least the sum of its parts, ${rollbackMs}`
    return fault('/rollback/totalMs', expected, rollback.totalMs)
  }
  const hotfixMs = hotfix.fixMs + hotfix.testingMs + hotfix.approvalMs + hotfix.deploymentMs
  if (hotfix.totalMs < hotfixMs) {
    return fault('/hotfix/totalMs', `at least the sum of its parts, ${hotfixMs}`, hotfix.totalMs)
  }
  return undefined
}

function findInRetention({ retentionDays }: Policy): Fault | undefined {
  const { standard, production, compliance } = retentionDays
  if (production < standard) {
    return fault('/retentionDays/production', `at least the standard ${standard}`, production)
  }
  if (compliance < production) {
    return fault('/retentionDays/compliance', `at least production's ${production}`, compliance)
  }
  return undefined
}

function fault(pointer: string, expected: string, found: unknown): Fault {
  return { pointer, expected, found: typeof found === 'string' ? found : JSON.stringify(found) }
}
