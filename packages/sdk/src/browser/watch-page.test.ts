import { createManualClock } from '@sluice/stores/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchPage } from './watch-page.ts'

/** Events by name, with all who listen. */
class Target extends EventTarget {
  listening = 0
  override addEventListener(type: string, listener: never): void {
    this.listening += 1
    super.addEventListener(type, listener)
  }
  override removeEventListener(type: string, listener: never): void {
    this.listening -= 1
    super.removeEventListener(type, listener)
  }
}

describe('a page', () => {
  let clock = createManualClock()
  let did: string[] = []
  let document = Object.assign(new Target(), { visibilityState: 'visible' })
  let window = new Target()
  const follower = {
    begin: () => void did.push('begin'),
    pause: () => void did.push('pause'),
    stop() {},
  }
  const tell = (type: string) => window.dispatchEvent(new Event(type))
  const turn = (visibilityState: string) => {
    document.visibilityState = visibilityState
    document.dispatchEvent(new Event('visibilitychange'))
  }

  beforeEach(() => {
    clock = createManualClock()
    did = []
    document = Object.assign(new Target(), { visibilityState: 'visible' })
    window = new Target()
    vi.stubGlobal('document', document)
    vi.stubGlobal('addEventListener', window.addEventListener.bind(window))
    vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window))
  })
  afterEach(() => vi.unstubAllGlobals())

  it('lets go once it is hidden for long enough, and looks when it is seen', async () => {
    const stop = watchPage(follower, clock, 30_000)
    turn('hidden')
    await clock.advance(29_999)
    turn('visible')
    await clock.advance(60_000)
    expect(did).toEqual([])
    turn('hidden')
    await clock.advance(30_000)
    turn('visible')
    turn('visible')
    expect(did).toEqual(['pause', 'begin'])
    stop()
  })

  it('lets go of what was begun in the background', async () => {
    document.visibilityState = 'hidden'
    watchPage(follower, clock, 30_000)
    await clock.advance(30_000)
    expect(did).toEqual(['pause'])
  })

  it('lets go again where the network comes back, or the page, while nobody sees it', async () => {
    for (const [away, back] of [
      ['offline', 'online'],
      ['pagehide', 'pageshow'],
    ] as const) {
      did = []
      const stop = watchPage(follower, clock, 30_000)
      turn('hidden')
      await clock.advance(30_000)
      tell(away)
      tell(back)
      await clock.advance(30_000)
      expect(did).toEqual(['pause', 'pause', 'begin', 'pause'])
      stop()
      turn('visible')
    }
  })

  it('looks at once when the network is back, though it was seen in between', () => {
    watchPage(follower, clock, 30_000)
    tell('offline')
    turn('hidden')
    turn('visible')
    tell('online')
    expect(did).toEqual(['pause', 'begin', 'begin'])
  })

  it('does not begin again when it is shown for the first time', () => {
    watchPage(follower, clock, 30_000)
    tell('pageshow')
    expect(did).toEqual([])
  })

  it('forgets a pause that was due when it is left', async () => {
    watchPage(follower, clock, 30_000)
    turn('hidden')
    tell('pagehide')
    await clock.advance(30_000)
    expect(did).toEqual(['pause'])
    document.visibilityState = 'visible'
    tell('pageshow')
    await clock.advance(60_000)
    expect(did).toEqual(['pause', 'begin'])
  })

  it('hears nothing more once it is stopped', async () => {
    const stop = watchPage(follower, clock, 30_000)
    turn('hidden')
    stop()
    await clock.advance(60_000)
    expect([did, clock.pendingTimers, document.listening, window.listening]).toEqual([[], 0, 0, 0])
  })
})
