import type { Operators, Scalar } from './definition.ts'
import type { Engines } from './engine-types.ts'
import { SluiceError } from './errors.ts'
import { instantOf } from './instant.ts'

/** Tests an attribute's value; a missing or ill-typed one does not match. */
export type ValueTest = (value: unknown) => boolean

/** Longer lists in a context are read this far: evaluation must stay bounded. */
const mostItems = 1000
/** Longer texts are not searched by a regular expression, for the same reason. */
const longestText = 10_000

type Compile = (operand: never, engines: Engines) => ValueTest

const compilers: { readonly [Name in keyof Operators]-?: Compile } = {
  is: (operand: Scalar | readonly Scalar[]) => memberTest(asList(operand)),
  in: (operand: readonly Scalar[]) => memberTest(operand),
  contains: (operand: Scalar | readonly Scalar[]) => containsTest(asList(operand)),
  startsWith: (operand: string | readonly string[]) =>
    textTest(asList(operand), (part) => (text) => text.startsWith(part)),
  endsWith: (operand: string | readonly string[]) =>
    textTest(asList(operand), (part) => (text) => text.endsWith(part)),
  matches: (operand: string | readonly string[], engines) => {
    const engine = engineOf(engines, 'matches')
    return textTest(asList(operand), (pattern) => {
      const test = engine(pattern)
      return (text) => text.length <= longestText && test(text)
    })
  },
  gt: (bound: number) => numberTest((value) => value > bound),
  gte: (bound: number) => numberTest((value) => value >= bound),
  lt: (bound: number) => numberTest((value) => value < bound),
  lte: (bound: number) => numberTest((value) => value <= bound),
  before: (operand: string | number) => instantTest(operand, (at, bound) => at < bound),
  after: (operand: string | number) => instantTest(operand, (at, bound) => at > bound),
  semver: (operand: string | readonly string[], engines) =>
    textTest(asList(operand), engineOf(engines, 'semver')),
  cidr: (operand: string | readonly string[], engines) =>
    textTest(asList(operand), engineOf(engines, 'cidr')),
  exists: (operand: boolean) => (value) =>
    (value !== undefined && value !== null && typeof value !== 'function') === operand,
}

/** The names of all operators. */
export const operatorNames = Object.keys(compilers) as (keyof Operators)[]

/**
 * Compiles every operator of a condition into one test.
 *
 * @throws SluiceError `engine_missing` where an operator's engine was not injected; TypeError where
 * there is no operator.
 */
export function compileOperators(operators: Operators, engines: Engines): ValueTest {
  const tests: ValueTest[] = []
  for (const name of operatorNames) {
    const operand = operators[name]
    if (operand !== undefined) tests.push(compilers[name](operand as never, engines))
  }
  // Nothing to reduce throws: a condition without an operator must not hold for everybody.
  return tests.reduce((first, second) => (value) => first(value) && second(value))
}

function memberTest(members: readonly Scalar[]): ValueTest {
  const set = new Set<unknown>(members)
  const hasItem = anyItem((item) => set.has(item))
  // The usual case is one call away.
  return (value) => set.has(value) || hasItem(value)
}

function containsTest(parts: readonly Scalar[]): ValueTest {
  const isMember = memberTest(parts)
  return (value) =>
    typeof value === 'string'
      ? parts.some((part) => typeof part === 'string' && value.includes(part))
      : Array.isArray(value) && isMember(value)
}

function numberTest(test: (value: number) => boolean): ValueTest {
  return anyItem((value) => typeof value === 'number' && test(value))
}

function instantTest(
  operand: string | number,
  test: (at: number, bound: number) => boolean,
): ValueTest {
  const bound = instantOf(operand)
  return anyItem((value) => test(instantOf(value), bound))
}

function textTest<Operand>(
  operands: readonly Operand[],
  compile: (operand: Operand) => (text: string) => boolean,
): ValueTest {
  const tests = operands.map(compile)
  return anyItem((value) => {
    if (typeof value !== 'string') return false
    for (const test of tests) if (test(value)) return true
    return false
  })
}

function anyItem(test: ValueTest): ValueTest {
  return (value) => {
    if (!Array.isArray(value)) return test(value)
    for (let i = 0; i < value.length && i < mostItems; i++) if (test(value[i])) return true
    return false
  }
}

/** A list as it is, anything else as a list of one. */
export function asList<T>(operand: T | readonly T[]): readonly T[] {
  return Array.isArray(operand) ? operand : [operand as T]
}

function engineOf<Name extends keyof Engines>(
  engines: Engines,
  name: Name,
): NonNullable<Engines[Name]> {
  const engine = engines[name]
  if (engine === undefined) {
    throw new SluiceError('engine_missing', `"${name}" needs an engine: pass engines.${name}`)
  }
  return engine as NonNullable<Engines[Name]>
}
