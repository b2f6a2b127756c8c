import { afterAll, beforeAll, describe, it } from 'vitest'

/** A private server that a test may kill. */
export interface Service {
  readonly url: string
  readonly port: number
  /** Ends the server without a farewell, as a crash does. */
  kill(): Promise<void>
  /** Begins it again, with the data that was on its disk, on the same port. */
  restart(): Promise<void>
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
}

/** A kind of server that tests need. */
export interface ServiceKind {
  readonly name: string
  /** The program, or undefined where it is not installed. */
  readonly binary: string | undefined
  /** What installs it. */
  readonly install: string
  start(): Promise<Service>
}

/**
 * Tests on a private server. A missing program skips them with its name and what installs it; with
 * `SLUICE_REQUIRE_SERVICES=1` it fails them.
 */
export function describeWith(
  kind: ServiceKind,
  title: string,
  body: (service: () => Service) => void,
): void {
  if (kind.binary === undefined) {
    const why = `${kind.name} is not installed: ${kind.install}`
    if (process.env.SLUICE_REQUIRE_SERVICES !== '1')
      describe.skip(`${title} (${why})`, () => it(why))
    else {
      it(title, () => {
        throw new Error(why)
      })
    }
    return
  }
  describe(title, () => {
    let service: Service | undefined
    beforeAll(async () => {
      service = await kind.start()
    })
    afterAll(async () => {
      await service?.stop()
    })
    body(() => service as Service)
  })
}
