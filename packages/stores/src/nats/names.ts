import { SluiceError } from '@sluice/core'

/** What a log is called on the server. */
export interface Names {
  /** The streams. A kind stands before the name, so that no log's stream is another's. */
  readonly log: string
  readonly state: string
  readonly exchange: string
  /** The subjects. */
  readonly commits: string
  readonly wake: string
  readonly cut: string
  /** Pieces of a snapshot, and the message that says that they are whole. */
  readonly part: string
  readonly whole: string
  readonly snapshot: string
  readonly values: string
}

/** A stream is a directory on the server, whose name has 255 bytes at the most. */
const maxNameBytes = 200

/**
 * Names the streams and subjects of a log.
 *
 * @throws SluiceError `invalid_option` for what cannot be part of a stream's name.
 */
export function nameStreams(name: string): Names {
  if (!/^[^\s.*>/\\\p{C}]+$/u.test(name) || Buffer.byteLength(name) > maxNameBytes) {
    const expected = `1 to ${maxNameBytes} bytes without white space, control characters and . * > / \\`
    throw new SluiceError(
      'invalid_option',
      `The name of a NATS log has ${expected}, unlike ${JSON.stringify(name)}.`,
      { expected, found: name },
    )
  }
  const subject = `sluice.${name}`
  return {
    log: `sluice-log-${name}`,
    state: `sluice-state-${name}`,
    exchange: `sluice-exchange-${name}`,
    commits: `${subject}.commits`,
    wake: `${subject}.wake`,
    cut: `${subject}.cut`,
    part: `${subject}.snapshot.part`,
    whole: `${subject}.snapshot.whole`,
    snapshot: `${subject}.snapshot.*`,
    values: `${subject}.exchange.`,
  }
}
