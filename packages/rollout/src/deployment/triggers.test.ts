import { describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import { deploymentFromCi } from './from-ci.ts'
import { shouldDeploy, triggersFor } from './triggers.ts'

describe('what starts a deployment', () => {
  it.each([
    ['development', 'push', 'develop', true],
    ['development', 'push', 'main', false],
    ['development', 'manual', undefined, true],
    ['staging', 'push', 'staging', true],
    ['staging', 'push', 'develop', false],
    ['staging', 'push', undefined, false],
    ['production', 'push', 'main', false],
    ['production', 'push', 'production', false],
    ['production', 'manual', undefined, true],
    ['production', 'approval', undefined, true],
    ['elsewhere', 'manual', undefined, false],
    ['constructor', 'manual', undefined, false],
  ] as const)('to %s, by %s of %s: %s', (environment, event, branch, deploys) => {
    const question = { environment, event, ...(branch === undefined ? {} : { branch }) }
    expect(shouldDeploy(question).deploys).toBe(deploys)
  })

  it('says why', () => {
    expect(shouldDeploy({ environment: 'production', event: 'push', branch: 'main' }).because).toBe(
      'production is deployed by a person, not by a push',
    )
  })

  it('is the policy’s to say, by branch', () => {
    expect(triggersFor({ branch: 'develop' })).toEqual(['development'])
    expect(triggersFor({ branch: 'main' })).toEqual([])
    const policy = definePolicy({
      deployment: { triggers: { staging: { on: 'push', branch: 'develop' } } },
    })
    expect(triggersFor({ branch: 'develop', policy })).toEqual(['development', 'staging'])
  })
})

const github = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
  GITHUB_REF_NAME: 'develop',
  GITHUB_REF_TYPE: 'branch',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'shop/shop',
  GITHUB_RUN_ID: '42',
  GITHUB_ACTOR: 'ann',
  GITHUB_TRIGGERING_ACTOR: 'ben',
  GITHUB_EVENT_NAME: 'push',
}

const gitlab = {
  GITLAB_CI: 'true',
  CI_COMMIT_SHA: 'fedcba9876543210',
  CI_COMMIT_TAG: 'v1.2.3',
  CI_COMMIT_TIMESTAMP: '2026-01-01T12:00:00+01:00',
  GITLAB_USER_LOGIN: 'ann',
  CI_PIPELINE_URL: 'https://gitlab.example.com/p/1',
  CI_PIPELINE_SOURCE: 'web',
}

describe('a pipeline', () => {
  it('of GitHub says version, branch, who, where and what set it off', () => {
    expect(deploymentFromCi(github)).toEqual({
      provider: 'github',
      version: '0123456789ab',
      branch: 'develop',
      commit: github.GITHUB_SHA,
      actor: 'ben',
      url: 'https://github.com/shop/shop/actions/runs/42',
      event: 'push',
    })
  })

  it('of GitHub at a tag has its version, and no branch', () => {
    const tag = {
      ...github,
      GITHUB_REF_TYPE: 'tag',
      GITHUB_REF_NAME: 'v1.2.3',
      GITHUB_EVENT_NAME: 'workflow_dispatch',
    }
    const run = deploymentFromCi(tag)
    expect(run).toMatchObject({ version: 'v1.2.3', event: 'manual' })
    expect(run.branch).toBeUndefined()
  })

  it('of GitLab says the same, and when the commit was made', () => {
    expect(deploymentFromCi(gitlab)).toEqual({
      provider: 'gitlab',
      version: 'v1.2.3',
      commit: 'fedcba9876543210',
      actor: 'ann',
      url: 'https://gitlab.example.com/p/1',
      event: 'manual',
      commitAt: Date.UTC(2026, 0, 1, 11),
    })
  })

  it.each([
    [{}, 'not_in_ci'],
    [{ ...github, GITHUB_EVENT_NAME: 'pull_request' }, 'ci_event_unknown'],
    [{ ...github, GITHUB_SHA: '' }, 'ci_variable_missing'],
    [{ ...gitlab, CI_PIPELINE_SOURCE: 'schedule' }, 'ci_event_unknown'],
  ])('that cannot deploy is refused: %#', (variables, code) => {
    expect(() => deploymentFromCi(variables)).toThrow(expect.objectContaining({ code }))
  })
})

describe('what a pipeline says that is none of these', () => {
  it.each(['pull_request', 'schedule', 'PUSH', '', undefined, null, {}])(
    'deploys nothing anywhere: %j',
    (event) => {
      for (const environment of ['development', 'staging', 'production']) {
        const question = { environment, event: event as never, branch: 'develop' }
        expect(shouldDeploy(question).deploys).toBe(false)
      }
    },
  )

  it.each(['__proto__', 'constructor', '', undefined])(
    'goes to no environment: %j',
    (environment) => {
      const question = { environment: environment as never, event: 'manual' as const }
      expect(shouldDeploy(question).deploys).toBe(false)
    },
  )

  it.each([undefined, null, '', 'Develop', 'refs/heads/develop'])('is no branch: %j', (branch) => {
    expect(triggersFor({ branch: branch as never })).toEqual([])
  })
})
