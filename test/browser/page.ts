import type { BrowserFlagsOptions } from '@sluice/sdk/browser'

/** What is used of a page, whose types this workspace does not have. */
interface Page {
  readonly document: {
    getElementById(id: string): { textContent: string | null } | null
  }
  /** What the test asked the site to build its client with. */
  readonly options: BrowserFlagsOptions
  /** All that the element `out` ever showed, from the server's HTML on. */
  readonly shown: string[]
}

export const page = globalThis as unknown as Page

/** Leaves something for the test to read. */
export function expose(names: { readonly [name: string]: unknown }): void {
  Object.assign(globalThis, names)
}
