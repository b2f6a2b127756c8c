import { SluiceError } from '@sluice/core'

/** What a pipeline knows of what it deploys. */
export interface CiRun {
  readonly provider: 'github' | 'gitlab'
  /** The tag; without one, the first twelve digits of the commit. */
  readonly version: string
  /** Absent for a tag. */
  readonly branch?: string
  readonly commit: string
  /** Who set it off. */
  readonly actor: string
  /** The run's page. */
  readonly url: string
  /** What set it off, as `shouldDeploy` asks it. */
  readonly event: 'push' | 'manual'
  /** When the commit was made, epoch ms, where the provider says so. */
  readonly commitAt?: number
}

/** Variables by name: `process.env`, or a test's own. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Enough to tell the commits of a repository apart. */
const shortCommit = 12

/**
 * Reads what GitHub Actions or GitLab CI say of the run. A pull request's, a schedule's or an unknown event is refused: none of them
 * deploys.
 *
 * Sources: docs.github.com "Default environment variables"; docs.gitlab.com "Predefined CI/CD variables".
 *
 * @throws SluiceError `not_in_ci`; `ci_event_unknown`; `ci_variable_missing` with pointer, expected and found.
 */
export function deploymentFromCi(variables: Variables): CiRun {
  if (variables.GITHUB_ACTIONS === 'true') return fromGitHub(variables)
  if (variables.GITLAB_CI === 'true') return fromGitLab(variables)
  throw new SluiceError(
    'not_in_ci',
    'Neither GITHUB_ACTIONS nor GITLAB_CI is true: give version, branch and actor yourself.',
  )
}

function fromGitHub(variables: Variables): CiRun {
  const commit = need(variables, 'GITHUB_SHA')
  const name = need(variables, 'GITHUB_REF_NAME')
  const isTag = variables.GITHUB_REF_TYPE === 'tag'
  const server = need(variables, 'GITHUB_SERVER_URL')
  const repository = need(variables, 'GITHUB_REPOSITORY')
  const run = need(variables, 'GITHUB_RUN_ID')
  return {
    provider: 'github',
    version: isTag ? name : commit.slice(0, shortCommit),
    ...(isTag ? {} : { branch: name }),
    commit,
    // Who pressed "run again" is not who pushed.
    actor: variables.GITHUB_TRIGGERING_ACTOR || need(variables, 'GITHUB_ACTOR'),
    url: `${server}/${repository}/actions/runs/${run}`,
    event: toEvent('GITHUB_EVENT_NAME', need(variables, 'GITHUB_EVENT_NAME'), [
      'workflow_dispatch',
    ]),
  }
}

function fromGitLab(variables: Variables): CiRun {
  const commit = need(variables, 'CI_COMMIT_SHA')
  const tag = variables.CI_COMMIT_TAG
  const branch = variables.CI_COMMIT_BRANCH
  const commitAt = Date.parse(variables.CI_COMMIT_TIMESTAMP ?? '')
  return {
    provider: 'gitlab',
    version: tag || commit.slice(0, shortCommit),
    ...(tag || !branch ? {} : { branch }),
    commit,
    actor: variables.GITLAB_USER_EMAIL || need(variables, 'GITLAB_USER_LOGIN'),
    url: need(variables, 'CI_PIPELINE_URL'),
    event: toEvent('CI_PIPELINE_SOURCE', need(variables, 'CI_PIPELINE_SOURCE'), ['web', 'api']),
    ...(Number.isNaN(commitAt) ? {} : { commitAt }),
  }
}

function toEvent(name: string, found: string, manual: readonly string[]): CiRun['event'] {
  if (found === 'push') return 'push'
  if (manual.includes(found)) return 'manual'
  const expected = ['push', ...manual].join(' or ')
  throw new SluiceError(
    'ci_event_unknown',
    `${name} is ${found}, which deploys nothing: run it for ${expected}.`,
    { pointer: `/${name}`, expected, found },
  )
}

function need(variables: Variables, name: string): string {
  const value = variables[name]
  if (value) return value
  throw new SluiceError('ci_variable_missing', `${name} is not set in this run.`, {
    ...{
      pointer: `/${name}`,
      expected: 'a value',
      found: value === '' ? 'nothing' : 'no such variable',
    },
  })
}
