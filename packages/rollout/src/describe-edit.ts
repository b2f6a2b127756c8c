/** More places than this say no more to a reader. */
const mostPlaces = 5

/** In which places two JSON values differ, as pointers with what stood and stands there; for an error message. */
export function describeEdit(before: unknown, after: unknown): string {
  const places: string[] = []
  compare(before, after, '', places)
  const shown = places.slice(0, mostPlaces)
  const more = places.length - shown.length
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

function compare(before: unknown, after: unknown, pointer: string, places: string[]): void {
  if (Object.is(before, after)) return
  if (!isObject(before) || !isObject(after) || Array.isArray(before) !== Array.isArray(after)) {
    places.push(`${pointer || '/'}: ${show(before)} became ${show(after)}`)
    return
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  for (const key of keys) {
    const step = key.replaceAll('~', '~0').replaceAll('/', '~1')
    compare(own(before, key), own(after, key), `${pointer}/${step}`, places)
  }
}

function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)
}
