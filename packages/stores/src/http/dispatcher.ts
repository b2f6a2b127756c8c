import { Agent, buildConnector, type Dispatcher } from 'undici'

/** What sends requests: an undici 7 `Agent`, `Pool`, `ProxyAgent`, …; a structural type, so that any copy fits. */
export interface HttpDispatcher {
  dispatch(options: never, handler: never): boolean
}

/** undici's own type for what the application handed in. */
export function toUndici(dispatcher: HttpDispatcher): Dispatcher {
  return dispatcher as unknown as Dispatcher
}

/** An agent of our own: it never tries again by itself, whatever the process's global one does. */
export function createAgent(): Agent {
  return new Agent()
}

/** An agent whose connections, however long they last, do not keep the process alive. */
export function createBackgroundAgent(): Agent {
  const connect = buildConnector({})
  return new Agent({
    connect(options, callback) {
      connect(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null)
        socket.unref()
        callback(null, socket)
      })
    },
  })
}
