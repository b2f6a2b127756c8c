import type { Signal } from '@sluice/guards'
import type { ProcedureState } from '../procedure/state.ts'
import type { DeploymentTerms } from './terms.ts'

/** What is told of a deployment (P28). Plain data. */
export interface Announcement {
  readonly status: 'started' | 'healthy' | 'failed' | 'rolled_back'
  readonly version: string
  readonly environment: string
  readonly deployedBy: string
  /** Epoch milliseconds. */
  readonly deployedAt: number
  readonly changes: readonly string[]
  readonly rollbackPlan?: string
  readonly monitoringUrl?: string
  /** Why it failed or went back. */
  readonly because?: string
  /** The whole of it in the policy's form. */
  readonly text: string
}

/** Takes announcements to people: a chat, a status page, a log. */
export interface Announcer {
  /** Names it in errors. */
  readonly name: string
  /** Resolves once it is told. @param options.idempotencyKey The same at every try of the same announcement. */
  announce(
    announcement: Announcement,
    options: { readonly signal: Signal; readonly idempotencyKey: string },
  ): Promise<void> | void
}

/** Puts together what is told of a deployment. */
export function createAnnouncement(
  terms: DeploymentTerms,
  state: Pick<ProcedureState, 'startedBy' | 'startedAt'>,
  status: Announcement['status'],
  because?: string,
): Announcement {
  const { version, environment, changes, rollbackPlan, monitoringUrl } = terms
  const plan = rollbackPlan?.text ?? rollbackPlan?.url
  const facts = {
    ...{ status, version, environment, changes },
    ...{ deployedBy: state.startedBy, deployedAt: state.startedAt },
    ...(plan === undefined ? {} : { rollbackPlan: plan }),
    ...(monitoringUrl === undefined ? {} : { monitoringUrl }),
    ...(because === undefined ? {} : { because }),
  }
  return { ...facts, text: toText(facts) }
}

const words = {
  started: '🚀 Deploying',
  healthy: '✅ Healthy',
  failed: '❌ Failed',
  rolled_back: '⏪ Rolled back',
} as const

/** The policy's form, word for word. */
function toText(facts: Omit<Announcement, 'text'>): string {
  const { status, because, environment } = facts
  return [
    '📢 Deployment Announcement',
    '',
    `Environment: ${environment.charAt(0).toUpperCase()}${environment.slice(1)}`,
    `Version: ${facts.version}`,
    `Deployed By: ${facts.deployedBy}`,
    `Deployed At: ${toMinute(facts.deployedAt)}`,
    '',
    'Changes:',
    // One line each, whatever a commit's message holds: no second status among them.
    ...facts.changes.map((change) => `- ${inLine(change)}`),
    '',
    `Rollback Plan: ${facts.rollbackPlan ?? 'none'}`,
    `Monitoring: ${facts.monitoringUrl ?? 'none'}`,
    '',
    `Status: ${words[status]}${because === undefined ? '' : ` (${inLine(because)})`}`,
  ].join('\n')
}

function inLine(text: string): string {
  return text.trim().replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ')
}

/** `2025-11-07 14:30 UTC`. */
function toMinute(instant: number): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return 'an unknown time'
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
