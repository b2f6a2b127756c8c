/**
 * Sends alerts to Slack, or to any address as signed JSON.
 *
 * @module
 */

export type { HttpDispatcher } from './http-dispatcher.ts'
export type { Alert, AlertSink, Delivery } from './webhook/alert.ts'
export { type SlackBlock, type SlackPayload, toSlackPayload } from './webhook/slack-payload.ts'
export type { WebhookError } from './webhook/webhook-error.ts'
export {
  createWebhookSink,
  type WebhookBody,
  type WebhookSink,
  type WebhookSinkOptions,
} from './webhook/webhook-sink.ts'
