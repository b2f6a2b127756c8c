import type { Json } from '@sluice/core'
import { parseDefinition, parseSegment } from '@sluice/core/schema'
import { flagKey, segmentKey } from './flag-keys.ts'
import type { LoggedDefinition } from './flag-view-layers.ts'

/** The definition that stands in an entry of the log; nothing where the entry holds none. */
export function parseEntry({
  key,
  value,
}: {
  readonly key: string
  readonly value: Json | undefined
}): LoggedDefinition | undefined {
  if (key.startsWith(flagPrefix)) {
    const name = key.slice(flagPrefix.length)
    return { kind: 'flag', name, value: value === undefined ? value : parseDefinition(name, value) }
  }
  if (key.startsWith(segmentPrefix)) {
    const name = key.slice(segmentPrefix.length)
    return { kind: 'segment', name, value: value === undefined ? value : parseSegment(name, value) }
  }
  return undefined
}

const flagPrefix = flagKey('')
const segmentPrefix = segmentKey('')
