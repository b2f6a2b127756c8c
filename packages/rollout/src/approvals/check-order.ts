import { SluiceError } from '@sluice/core'
import type { Order } from '../transition/event.ts'

/**
 * Only what an order says: who, why, and the ticket where there is one.
 *
 * @throws SluiceError `invalid_order`, with pointer, expected and found.
 */
export function checkOrder(order: Order): Order {
  const { actor, reason, ticket } = (order ?? {}) as Partial<Order>
  return {
    actor: checkText(actor, '/actor'),
    reason: checkText(reason, '/reason'),
    ...(ticket === undefined ? {} : { ticket: checkText(ticket, '/ticket') }),
  }
}

/** @throws SluiceError `invalid_order` for what is no text, or an empty one. */
export function checkText(value: unknown, pointer: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  const found = typeof value === 'string' ? JSON.stringify(value) : String(value)
  const expected = 'text that is not empty'
  throw new SluiceError(
    'invalid_order',
    `Nothing was written: ${pointer} must be ${expected}, found ${found}. Say who asks, and why.`,
    { pointer, expected, found },
  )
}
