/**
 * The web's `Request`, by whatever types the application has: Node's, a browser's, or, without either,
 * what the handler uses of it.
 */
export type WebRequest = typeof globalThis extends { Request: { prototype: infer R } }
  ? R
  : {
      readonly url: string
      readonly method: string
      readonly headers: { get(name: string): string | null }
    }

/** The web's `Response`, by whatever types the application has. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer R } }
  ? R
  : { readonly status: number; readonly headers: { get(name: string): string | null } }
