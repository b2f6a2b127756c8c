import type { DeploymentOptions } from './deployment-contract.ts'

/**
 * The hooks that a deployment has, by name: `migration.up`, `smokeTests.starts`, `monitor`.
 *
 * They are recorded at the start, for a process that lacks one would leave its step out, or its way back.
 */
export function hookNames({
  hooks = {},
  checks = {},
  approvals,
}: Pick<DeploymentOptions, 'hooks' | 'checks' | 'approvals'>): readonly string[] {
  const names = Object.entries(hooks).flatMap(([name, hook]) =>
    typeof hook === 'function' ? [name] : functionsOf(hook).map((each) => `${name}.${each}`),
  )
  return [
    ...names,
    ...functionsOf(checks).map((name) => `checks.${name}`),
    ...(approvals === undefined ? [] : ['approvals']),
  ]
}

/** Of an instance of a class too, whose methods are not its own. */
function functionsOf(hook: object | undefined): string[] {
  if (hook === undefined || hook === null) return []
  const own = Object.keys(hook)
  const known = ['run', 'undo', 'isDone', 'up', 'down', 'isApplied', 'create', 'restore']
  return [...new Set([...own, ...known])].filter(
    (name) => typeof (hook as Readonly<Record<string, unknown>>)[name] === 'function',
  )
}
