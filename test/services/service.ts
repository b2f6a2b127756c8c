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

/** A kind of server that tests need, or of another program that is started once and stopped. */
export interface ServiceKind<Started extends Pick<Service, 'stop'> = Service> {
  readonly name: string
  /** The program, or undefined where it is not installed. */
  readonly binary: string | undefined
  /** What installs it. */
  readonly install: string
  /** Default: as long as any hook may take. */
  readonly startTimeoutMs?: number
  start(): Promise<Started>
}

/**
 * Tests on a private server. A missing program skips them with its name and what installs it; with
 * `SLUICE_REQUIRE_SERVICES=1` it fails them.
 */
export function describeWith<Started extends Pick<Service, 'stop'> = Service>(
  kind: ServiceKind<Started>,
  title: string,
  body: (service: () => Started) => void,
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
    let service: Started | undefined
    beforeAll(async () => {
      service = await kind.start()
    }, kind.startTimeoutMs)
    afterAll(async () => {
      await service?.stop()
    })
    body(() => service as Started)
  })
}
