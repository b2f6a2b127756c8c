import { SluiceError } from '@sluice/core'

/** A node of a syntax tree (ESTree with Babel's own kinds). Whatever else it holds is looked at by name. */
export interface SyntaxNode {
  readonly type: string
  readonly loc?: { readonly start: { readonly line: number; readonly column: number } }
  readonly [field: string]: unknown
}

/** Turns a file into a syntax tree. @throws Where the text is no program. */
export type ParseSource = (text: string, path: string) => SyntaxNode

/** The part of @babel/parser that is used. */
interface Parser {
  parse(text: string, options: object): unknown
}

/** Loads the parser. @throws SluiceError `parser_missing`. */
export async function openParser(load?: () => Promise<unknown>): Promise<ParseSource> {
  let loaded: unknown
  try {
    // A bundler of an application that does not have it leaves it to Node: by these words, or because it stands in `try`.
    loaded = await (load?.() ??
      import(/* webpackIgnore: true */ /* turbopackIgnore: true */ '@babel/parser'))
  } catch (cause) {
    throw new SluiceError(
      'parser_missing',
      'Finding flags in source code needs @babel/parser, which is not installed: npm install --save-dev @babel/parser',
      { cause },
    )
  }
  // From CommonJS it comes as the default.
  const { default: whole, parse = whole?.parse } = loaded as Partial<Parser> & { default?: Parser }
  if (parse === undefined) {
    throw new SluiceError(
      'parser_missing',
      'What is installed as @babel/parser has no function `parse`: npm install --save-dev @babel/parser@7',
    )
  }
  return (text, path) => parse(text, optionsFor(path)) as SyntaxNode
}

function optionsFor(path: string): object {
  const isTypeScript = /\.[cm]?tsx?$/.test(path)
  // In a .ts file `<T>value` is a cast, which JSX would take for an element.
  const hasJsx = /\.(?:tsx|[cm]?jsx?)$/.test(path)
  return {
    sourceType: 'unambiguous',
    // A name declared twice is the compiler's affair.
    errorRecovery: true,
    attachComment: false,
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowImportExportEverywhere: true,
    allowSuperOutsideMethod: true,
    allowUndeclaredExports: true,
    plugins: [
      ...(isTypeScript ? ['typescript'] : ['flow']),
      ...(hasJsx ? ['jsx'] : []),
      // The older proposal, which frameworks use, has decorators of parameters too.
      'decorators-legacy',
      'decoratorAutoAccessors',
      'explicitResourceManagement',
    ],
  }
}
