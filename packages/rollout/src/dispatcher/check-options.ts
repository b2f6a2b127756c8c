import { SluiceError } from '@sluice/core'
import { defaultEjection, type EjectionLimits } from './ejection.ts'

/**
 * The arms' origins, checked.
 *
 * @throws SluiceError `invalid_arms`, with pointer, expected and found.
 */
export function checkArms(arms: unknown): [name: string, origins: string[]][] {
  const entries = typeof arms === 'object' && arms !== null ? Object.entries(arms) : []
  if (entries.length === 0) throw refuse('/arms', 'at least one arm', 'none')
  return entries.map(([name, arm]) => {
    const origins = (arm as { origins?: unknown } | null)?.origins
    return [name, checkOrigins(origins, `/arms/${name}/origins`)]
  })
}

/**
 * A list of origins in their shortest form.
 *
 * @throws SluiceError `invalid_arms` for no list, an empty one, one twice, and what is not scheme, host and port of http(s).
 */
export function checkOrigins(origins: unknown, pointer: string): string[] {
  if (!Array.isArray(origins) || origins.length === 0) {
    throw refuse(pointer, 'a list of at least one origin', origins)
  }
  const urls = origins.map((origin: unknown, index) => {
    const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined
    const isBare = url !== undefined && url.href === `${url.origin}/`
    if (!isBare || !/^https?:$/.test(url.protocol)) {
      throw refuse(`${pointer}/${index}`, 'http(s)://host:port and no more', origin)
    }
    return url.origin
  })
  const twice = urls.findIndex((url, index) => urls.indexOf(url) !== index)
  if (twice >= 0) throw refuse(`${pointer}/${twice}`, 'each origin once', urls[twice])
  return urls
}

/**
 * The limits of ejection, each with its default.
 *
 * @throws SluiceError `invalid_option` for a number that is out of its range.
 */
export function checkEjection(given: Partial<EjectionLimits> = {}): EjectionLimits {
  const limits = { ...defaultEjection, ...given }
  for (const name of Object.keys(defaultEjection) as (keyof EjectionLimits)[]) {
    const least = name === 'baseMs' || name === 'maxMs' ? 0 : 1
    const value = limits[name]
    if (typeof value === 'number' && value >= least && value > 0) continue
    const expected = least === 0 ? 'a number above 0' : 'a number from 1'
    throw refuse(`/ejection/${name}`, expected, value, 'invalid_option')
  }
  return limits
}

function refuse(
  pointer: string,
  expected: string,
  value: unknown,
  code = 'invalid_arms',
): SluiceError {
  const found = typeof value === 'string' ? value : String(JSON.stringify(value))
  const message = `The traffic's options are refused at ${pointer}: expected ${expected}, found ${found}.`
  return new SluiceError(code, message, { pointer, expected, found })
}
