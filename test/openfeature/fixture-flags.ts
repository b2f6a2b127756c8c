import type { FlagDefinition, FlagDefinitions, Json } from '@sluice/sdk'

/** The environment that the scenarios run in. */
export const environment = 'test'

const here = { environments: [environment] }
const on = { enabled: true, rollout: 100, ...here }
const off = { enabled: false, ...here }

const template = { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 }
const strings = { greeting: 'hi', parting: 'bye' }
const integers = { one: 1, ten: 10 }
const floats = { tenth: 0.1, half: 0.5 }
const objects = { empty: {}, template }

/** A value that other languages take for nothing is served as any other. */
function zero(value: Json, other: Json): FlagDefinition {
  return { ...on, variants: { zero: value, 'non-zero': other }, serve: 'zero' }
}

/** The same by a rule for one user, and for the others without it. */
function targetedZero(value: Json, other: Json): FlagDefinition {
  const rules = [{ if: { attribute: 'email', is: 'ballmer@macrosoft.com' }, serve: 'zero' }]
  return { ...zero(value, other), rules }
}

/** The flags that OpenFeature's scenarios ask for, in our own words. */
export const definitions: FlagDefinitions = {
  'boolean-flag': on,
  'boolean-disabled-flag': off,
  'boolean-zero-flag': zero(false, true),
  'boolean-targeted-zero-flag': targetedZero(false, true),
  'string-flag': { ...on, variants: strings, serve: 'greeting' },
  'string-disabled-flag': { ...off, variants: strings, serve: 'greeting' },
  'string-zero-flag': zero('', 'str'),
  'string-targeted-zero-flag': targetedZero('', 'str'),
  'integer-flag': { ...on, variants: integers, serve: 'ten' },
  'integer-disabled-flag': { ...off, variants: integers, serve: 'ten' },
  'integer-zero-flag': zero(0, 1),
  'integer-targeted-zero-flag': targetedZero(0, 1),
  'float-flag': { ...on, variants: floats, serve: 'half' },
  'float-disabled-flag': { ...off, variants: floats, serve: 'half' },
  'float-zero-flag': zero(0, 1),
  'float-targeted-zero-flag': targetedZero(0, 1),
  'object-flag': { ...on, variants: objects, serve: 'template' },
  'object-disabled-flag': { ...off, variants: objects, serve: 'template' },
  'object-zero-flag': zero({}, template),
  'object-targeted-zero-flag': targetedZero({}, template),
  'complex-targeted': {
    ...on,
    variants: { internal: 'INTERNAL', external: 'EXTERNAL' },
    serve: 'external',
    rules: [
      {
        if: {
          all: [
            { not: { attribute: 'customer', is: true } },
            { attribute: 'email', is: 'ballmer@macrosoft.com' },
            { attribute: 'age', gt: 10 },
          ],
        },
        serve: 'internal',
      },
    ],
  },
  'metadata-flag': { ...on, metadata: { string: '1.0.2', integer: 2, boolean: true, float: 0.1 } },
  'wrong-flag': { ...on, variants: { one: 'uno', two: 'dos' }, serve: 'one' },
}
