import { nameFault } from './check-key.ts'
import type { EnvironmentSettings, FlagDefinition, Rule, Split } from './definition.ts'
import { SluiceError } from './errors.ts'
import type { Json } from './json.ts'
import { longEnvironmentName } from './long-environment-name.ts'
import { nearestName } from './nearest.ts'
import { listNames, pointerTo, show } from './schema-error.ts'
import { variantsOf } from './settings.ts'

/**
 * Checks what a schema cannot say of one flag: variants of one type, and every variant that is
 * named exists.
 *
 * @throws SluiceError `mixed_types`, `missing_variant`, `invalid_key`, `nothing_to_serve`,
 * `invalid_environment`.
 */
export function checkFlag(key: string, definition: FlagDefinition, path: readonly string[]): void {
  const check = new FlagCheck(key, definition)
  if (definition.variants !== undefined) check.variants([...path, 'variants'])
  check.variant(definition.offVariant, path, 'offVariant')
  check.settings(definition, path)
  const { environments } = definition
  if (environments === undefined || Array.isArray(environments)) {
    for (const name of environments ?? []) check.environment(name, [...path, 'environments'])
    return
  }
  for (const [name, settings] of Object.entries(
    environments as Record<string, EnvironmentSettings>,
  )) {
    check.environment(name, [...path, 'environments', name])
    check.settings({ ...definition, ...settings }, [...path, 'environments', name])
  }
}

class FlagCheck {
  readonly #key: string
  readonly #variants: { readonly [name: string]: Json }

  constructor(key: string, definition: FlagDefinition) {
    this.#key = key
    this.#variants = variantsOf(definition)
  }

  variants(path: readonly string[]): void {
    const [first, ...others] = Object.keys(this.#variants)
    if (first === undefined) this.#fail('nothing_to_serve', path, 'at least one variant', 'none')
    const type = typeOf(this.#variants[first])
    for (const name of [first, ...others]) {
      // Such keys are sorted by JavaScript, so that "declared order" would not be what was written.
      if (/^\d+$/.test(name)) {
        const expected = 'a variant name that is not a number'
        this.#fail('invalid_key', [...path, name], expected, show(name))
      }
      this.name(name, [...path, name])
      const found = typeOf(this.#variants[name])
      if (found !== type)
        this.#fail('mixed_types', [...path, name], `of type ${type} like the others`, found)
    }
  }

  environment(name: string, path: readonly string[]): void {
    this.name(name, path)
    const long = longEnvironmentName(name)
    if (long === name) return
    // A definition for `prod` would never be asked.
    this.#fail('invalid_environment', path, `${show(long)}, its name in full`, show(name))
  }

  settings(settings: EnvironmentSettings, path: readonly string[]): void {
    this.variant(settings.serve, path, 'serve')
    this.#split(settings.split, path)
    const rules = settings.rules ?? []
    rules.forEach((rule, index) => {
      this.#rule(rule, settings, [...path, 'rules', String(index)])
    })
    const isServed = settings.serve ?? settings.split ?? this.#hasOn()
    if ((settings.rollout ?? 0) > 0 && !isServed) this.#failUnserved([...path, 'serve'])
  }

  #rule(rule: Rule, settings: EnvironmentSettings, path: readonly string[]): void {
    this.variant(rule.serve, path, 'serve')
    this.#split(rule.split, path)
    const isServed = rule.serve ?? rule.split ?? settings.serve ?? this.#hasOn()
    if (!isServed) this.#failUnserved([...path, 'serve'])
  }

  variant(name: string | undefined, path: readonly string[], property: string): void {
    if (name === undefined || Object.hasOwn(this.#variants, name)) return
    const known = Object.keys(this.#variants)
    const near = nearestName(name, known)
    const hint = near === undefined ? '' : ` (did you mean "${near}"?)`
    const place = [...path, property]
    this.#fail('missing_variant', place, `one of ${listNames(known)}${hint}`, show(name))
  }

  name(name: string, path: readonly string[]): void {
    const because = nameFault(name)
    if (because === undefined) return
    this.#fail('invalid_key', path, 'a well-formed name', `${show(name)}, which ${because}`)
  }

  #split(split: Split | undefined, path: readonly string[]): void {
    if (split === undefined) return
    const place = [...path, 'split']
    for (const name of Object.keys(split)) this.variant(name, place, name)
  }

  #hasOn(): boolean {
    return Object.hasOwn(this.#variants, 'on')
  }

  #failUnserved(path: readonly string[]): never {
    const expected = 'serve or split, to say which variant those inside get'
    this.#fail('nothing_to_serve', path, expected, 'none')
  }

  #fail(code: string, path: readonly string[], expected: string, found: string): never {
    const pointer = pointerTo(path)
    const message = `flag "${this.#key}": ${pointer} must be ${expected}, found ${found}`
    throw new SluiceError(code, message, { flag: this.#key, pointer, expected, found })
  }
}

function typeOf(value: Json | undefined): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}
