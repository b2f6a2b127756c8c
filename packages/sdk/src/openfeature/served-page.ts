import type { Clock } from '@sluice/stores'
import type { BrowserFlags } from '../browser/contract.ts'
import { within } from './deadline.ts'
import type { Followed } from './session.ts'

/** OpenFeature's context, as far as it matters here. */
export type PageContext = { readonly targetingKey?: string | undefined }

/**
 * Asks the server for the answers of whom a context names; an empty one leaves that to the cookie.
 *
 * @throws SluiceError What `setContext` throws.
 */
export async function askFor(flags: BrowserFlags | undefined, context: PageContext): Promise<void> {
  await flags?.setContext(isEmpty(context) ? undefined : context)
}

/** A page's answers to follow: in error while there are none. */
export function followedPage(
  flags: BrowserFlags,
  context: () => PageContext | undefined,
  clock: Clock,
): Followed {
  async function firstAnswers(timeoutMs: number): Promise<void> {
    let stop = () => {}
    const come = new Promise<void>((resolve) => {
      stop = flags.on('status', (status) => {
        if (status !== 'empty') resolve()
      })
    })
    await within(come, timeoutMs, clock)
    stop()
  }

  return {
    standing() {
      const { status } = flags
      return status === 'empty' ? 'error' : status === 'stale' ? 'stale' : 'ready'
    },
    async ready(timeoutMs) {
      const asked = context()
      if (asked !== undefined && !isEmpty(asked) && !isAnswered(flags, asked)) {
        await askFor(flags, asked)
      } else if (flags.status === 'empty') {
        await firstAnswers(timeoutMs)
      }
    },
    follow({ standing, change, trouble }) {
      const stops = [
        flags.on('status', standing),
        flags.on('change', change),
        flags.on('error', ({ message }) => trouble(message)),
      ]
      return () => {
        for (const stop of stops) stop()
      }
    },
    async close() {
      flags.close()
    },
  }
}

/** Answers that were rendered for this user are good: to ask anew would be to flash. */
function isAnswered(flags: BrowserFlags, { targetingKey }: PageContext): boolean {
  return flags.status !== 'empty' && targetingKey === flags.getSnapshot().targetingKey
}

function isEmpty(context: PageContext): boolean {
  return Object.keys(context).length === 0
}
