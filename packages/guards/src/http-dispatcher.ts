/** What sends requests: an undici 7 `Agent`, `Pool`, `ProxyAgent`, …; a structural type, so that any copy fits. */
export interface HttpDispatcher {
  dispatch(options: never, handler: never): boolean
}
