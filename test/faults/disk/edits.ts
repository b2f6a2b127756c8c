import { isDeepStrictEqual } from 'node:util'
import { createRandom } from '../processes.ts'

/** A file's content after an edit, and what was done to it. */
export interface Edit {
  readonly edited: Buffer
  readonly what: string
}

/** Edits of one byte, at every place: other bytes, and one byte more or less. */
export function* editBytes(bytes: Buffer): Generator<Edit> {
  const random = createRandom(bytes.length)
  for (let at = 0; at < bytes.length; at += 1) {
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)]
    for (const byte of otherBytes(bytes[at]!, random)) {
      const edited = Buffer.concat([before, Buffer.of(byte), after])
      yield { edited, what: `byte ${at} is ${byte}` }
    }
    if (at % 2 === 0) yield { edited: Buffer.concat([before, after]), what: `byte ${at} is gone` }
    else {
      // A digit often keeps JSON valid.
      const digit = Buffer.of(0x30 + Math.floor(random() * 10))
      const edited = Buffer.concat([before, digit, bytes.subarray(at)])
      yield { edited, what: `before byte ${at} comes ${digit}` }
    }
  }
}

/** All of them in the long run; else a neighbour, which often keeps JSON valid, and a wild one. */
function otherBytes(byte: number, random: () => number): number[] {
  if (process.env.SLUICE_LONG) {
    return Array.from({ length: 256 }, (_, other) => other).filter((other) => other !== byte)
  }
  return [byte ^ 1, (byte + 2 + Math.floor(random() * 254)) % 256]
}

/** Whether an edit only touched how the JSON is written. */
export function isSameContent(edited: Buffer, bytes: Buffer): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(edited.toString()), JSON.parse(bytes.toString()))
  } catch {
    return false
  }
}
