import type { Context } from './context.ts'
import { createRedraw } from './redraw.ts'

/** What a screen that is drawn again and again shows. */
export interface Screen {
  readonly lines: readonly string[]
  /** Nothing will change any more. */
  readonly isOver: boolean
}

/** How a live screen ended: by itself, or by somebody who pressed `q` or Ctrl-C. */
export type LiveEnd = 'over' | 'quit' | 'interrupted'

const everyMs = 1_000

/**
 * Draws a screen each second, and at once when the window changes its size, until it is over or somebody quits.
 *
 * However it ends, the terminal is as it was: the cursor is to be seen, and keys are echoed.
 *
 * @param look Called once a second; what it throws ends it.
 * @param draw Called for each drawing with what was seen last.
 */
export async function runLive<Seen>(
  { world }: Context,
  look: () => Promise<Seen>,
  draw: (seen: Seen) => Screen,
): Promise<LiveEnd> {
  const { stdout, clock } = world
  const redraw = createRedraw(stdout)
  const keys = listenToKeys(world)
  let seen: Seen | undefined
  const drawSeen = () => {
    if (seen !== undefined) redraw.draw(draw(seen).lines)
  }
  const resizing = stdout as typeof stdout & Partial<NodeJS.EventEmitter>
  resizing.on?.('resize', drawSeen)
  try {
    for (;;) {
      const looked = look().then((found) => ({ found }))
      const next = await Promise.race([looked, keys.ended])
      if (typeof next === 'string') {
        // Whatever it was that kept it from being seen, nobody waits for it any more.
        looked.catch(() => {})
        return next
      }
      seen = next.found
      if (draw(seen).isOver) return 'over'
      drawSeen()
      const ended = await pause()
      if (ended !== undefined) return ended
    }
  } finally {
    resizing.off?.('resize', drawSeen)
    keys.close()
    redraw.end(seen === undefined ? [] : draw(seen).lines)
  }

  function pause(): Promise<'quit' | 'interrupted' | undefined> {
    let cancel = () => {}
    const passed = new Promise<undefined>((resolve) => {
      cancel = clock.after(everyMs, () => resolve(undefined), { keepsAlive: true })
    })
    return Promise.race([passed, keys.ended]).finally(() => cancel())
  }
}

function listenToKeys({ stdin, signal }: Context['world']) {
  let end: (how: 'quit' | 'interrupted') => void = () => {}
  const ended = new Promise<'quit' | 'interrupted'>((resolve) => {
    end = resolve
  })
  const onAbort = () => end('interrupted')
  const onData = (data: Buffer | string) => {
    for (const key of String(data)) {
      // Of raw keys, Ctrl-C is one.
      if (key === '\u0003') end('interrupted')
      if (key === 'q' || key === 'Q') end('quit')
    }
  }
  const isRaw = stdin.isTTY === true && stdin.setRawMode !== undefined
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  if (isRaw) {
    stdin.setRawMode?.(true)
    stdin.on('data', onData)
    stdin.resume()
  }
  return {
    ended,
    close() {
      signal.removeEventListener('abort', onAbort)
      if (!isRaw) return
      stdin.off('data', onData)
      stdin.pause()
      stdin.setRawMode?.(false)
    },
  }
}
