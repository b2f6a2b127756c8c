import { type Browser, chromium as playwright } from 'playwright-core'
import { findBinary } from './process.ts'
import type { ServiceKind } from './service.ts'

const binary = findBinary('chromium')

/** A Chromium without a window. */
export interface ChromiumService {
  readonly browser: Browser
  stop(): Promise<void>
}

/** The browser of the system; none is downloaded. */
export const chromium: ServiceKind<ChromiumService> = {
  name: 'chromium',
  binary,
  install: 'apt-get install chromium',
  async start() {
    const browser = await playwright.launch({
      executablePath: binary as string,
      // A container has no sandbox to offer, and /dev/shm of 64 MB.
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
      // Browsers keep the pages that were left, and so does this one.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    })
    return { browser, stop: () => browser.close() }
  },
}
