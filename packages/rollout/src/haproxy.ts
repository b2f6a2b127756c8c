export { type HaproxyOptions, haproxyRouter } from './haproxy/haproxy-router.ts'
