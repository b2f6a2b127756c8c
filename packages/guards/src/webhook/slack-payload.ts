import type { Alert } from './alert.ts'

/** The body of an incoming webhook of Slack, and of what takes the same: Mattermost, Rocket.Chat. */
export interface SlackPayload {
  /** Shown in notifications, and where blocks are not. */
  readonly text: string
  readonly blocks: readonly SlackBlock[]
}

/** The kinds of block that an alert is made of. */
export type SlackBlock =
  | { readonly type: 'header'; readonly text: SlackText }
  | { readonly type: 'section'; readonly text: SlackText }
  | { readonly type: 'context'; readonly elements: readonly SlackText[] }

type SlackText = { readonly type: 'plain_text' | 'mrkdwn'; readonly text: string }

/** Slack refuses a header of more than 150 characters. */
const maxHeader = 150
/** And a section of more than 3,000, in which two lines and two names stand. */
const maxLine = 1_200
const maxName = 100

/** An alert as a message of Slack: what, where, since when, on which evidence, and what happens next. */
export function toSlackPayload(alert: Alert): SlackPayload {
  const { flag, environment, rollout, because, next, since, at, repeats = 0 } = alert
  const isResolved = alert.status === 'resolved'
  const facts = [
    `*${isResolved ? 'Resolved' : 'Found'}:* ${cut(escapeMrkdwn(because), maxLine)}`,
    `*Where:* flag ${cut(escapeMrkdwn(flag), maxName)} in ${cut(escapeMrkdwn(environment), maxName)}`,
    `*Since:* ${toUtc(since)}${isResolved ? `, over at ${toUtc(at)}` : ''}`,
    `*Next:* ${cut(escapeMrkdwn(next), maxLine)}`,
  ]
  const notes = [
    `rollout ${cut(rollout, maxName)}`,
    ...(repeats > 0 ? [`told ${repeats + 1} times`] : []),
    ...(alert.isUnrecorded ? ['the log cannot be written: others may tell of the same'] : []),
  ]
  return {
    text: escapeMrkdwn(describeAlert(alert)),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(titleOf(alert), maxHeader) } },
      { type: 'section', text: { type: 'mrkdwn', text: facts.join('\n') } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: escapeMrkdwn(notes.join(' · ')) }] },
    ],
  }
}

/** An alert in one line. */
export function describeAlert(alert: Alert): string {
  return `${titleOf(alert)}: ${cut(alert.because, maxLine)}`
}

function titleOf({ status, severity, condition, flag, environment }: Alert): string {
  const word = status === 'resolved' ? 'Resolved' : severity === 'critical' ? 'Critical' : 'Warning'
  return `${word}: ${cut(condition, maxName)} on ${cut(flag, maxName)} in ${cut(environment, maxName)}`
}

/** Slack's three control characters: without this, a flag's name could mention a whole channel. */
function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Cut at whole characters: neither half of one nor half of what stands for an escaped one is sent. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$|&[a-z]{0,3}$/, '')}…`
}

function toUtc(instant: number): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return 'an unknown time'
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}
