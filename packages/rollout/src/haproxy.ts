/**
 * Splits traffic by the weights of an HAProxy, over its runtime API.
 *
 * @module
 */

export { type HaproxyOptions, haproxyRouter } from './haproxy/haproxy-router.ts'
