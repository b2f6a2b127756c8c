/** The parts of the protocol that both ends must agree on; written out in docs/stores/http.md. */
export const wirePaths = {
  commits: '/v1/commits',
  snapshot: '/v1/snapshot',
  events: '/v1/events',
  exchange: '/v1/exchange',
  compaction: '/v1/compaction',
  start: '/v1/start',
} as const

/** The most commits in one answer. */
export const maxPageCommits = 1_000

/** The most bytes in one answer, but for a single commit or a snapshot that is larger. */
export const maxPageBytes = 4_000_000

/** The largest body of a request: a commit of the largest size, escaped by another JSON writer. */
export const maxBodyBytes = 2_000_000

/** The largest snapshot: it holds the whole state, some 100,000 flags. */
export const maxSnapshotBytes = 64_000_000

/** How often a silent event stream shows that it lives: below the idle limits of usual proxies. */
export const heartbeatMs = 15_000

/** So much silence is death: three heartbeats were lost. */
export const silenceMs = 45_000

/** The status that carries each code of an error body. */
export const statusOf: { readonly [code: string]: number } = {
  bad_request: 400,
  invalid_exchange: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  log_not_empty: 409,
  snapshot_missing: 409,
  compacted: 410,
  too_large: 413,
  unsupported_media_type: 415,
  internal: 500,
  broken_chain: 500,
  corrupt_commit: 500,
  corrupt_snapshot: 500,
  missing_commit: 500,
  store_unsupported: 501,
  store_missing: 503,
  store_unreachable: 503,
  store_read_only: 503,
  store_full: 507,
}

/** Codes that speak of the log itself, and so mean the same at both ends. */
export const sharedCodes: ReadonlySet<string> = new Set([
  'broken_chain',
  'compacted',
  'conflict',
  'corrupt_commit',
  'corrupt_snapshot',
  'invalid_exchange',
  'log_not_empty',
  'missing_commit',
  'snapshot_missing',
  'store_full',
  'store_missing',
  'store_read_only',
  'store_unsupported',
])
