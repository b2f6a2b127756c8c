import ts from 'typescript'

/** One module that a file names, by whatever syntax. */
export interface Import {
  readonly specifier: string
  /** Erased when compiled: `import type`, `export type … from`, `typeof import('…')`. */
  readonly isTypeOnly: boolean
}

/** What the layer rules need to know of a file. */
export interface FileFacts {
  readonly imports: readonly Import[]
  /** Whether the file reads the variables of its process. */
  readonly readsEnvironment: boolean
  /** Import expressions whose module only the running program knows, as written. */
  readonly unreadable: readonly string[]
}

/** Reads a TypeScript file's imports and environment reads from its syntax tree. */
export function readFile(path: string, text: string): FileFacts {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022)
  const imports: Import[] = []
  const unreadable: string[] = []
  // Every local name by which the file may hold the process object.
  const processNames = new Set(['process'])
  let readsEnvironment = false

  const addExpression = (call: ts.CallExpression) => {
    const argument = call.arguments[0]
    if (argument !== undefined && ts.isStringLiteralLike(argument)) {
      imports.push({ specifier: argument.text, isTypeOnly: false })
    } else {
      unreadable.push(call.getText(source))
    }
  }

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const found = importOf(node)
      if (found !== undefined) imports.push(found)
      if (found !== undefined && isProcess(found.specifier) && ts.isImportDeclaration(node)) {
        const { name, namedBindings } = node.importClause ?? {}
        if (name !== undefined) processNames.add(name.text)
        if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) {
          processNames.add(namedBindings.name.text)
        } else if (namedBindings?.elements.some((each) => importedName(each) === 'env')) {
          readsEnvironment = true
        }
      }
    } else if (ts.isImportTypeNode(node)) {
      const { argument } = node
      if (ts.isLiteralTypeNode(argument) && ts.isStringLiteral(argument.literal)) {
        imports.push({ specifier: argument.literal.text, isTypeOnly: true })
      }
    } else if (ts.isImportEqualsDeclaration(node)) {
      const { moduleReference: reference, isTypeOnly } = node
      if (ts.isExternalModuleReference(reference) && ts.isStringLiteral(reference.expression)) {
        imports.push({ specifier: reference.expression.text, isTypeOnly })
      }
    } else if (ts.isCallExpression(node) && loadsModule(node)) {
      addExpression(node)
    } else if (takesEnvironment(node, processNames)) {
      readsEnvironment = true
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { imports, readsEnvironment, unreadable }
}

function importOf(node: ts.ImportDeclaration | ts.ExportDeclaration): Import | undefined {
  if (node.moduleSpecifier === undefined || !ts.isStringLiteral(node.moduleSpecifier)) return
  const specifier = node.moduleSpecifier.text
  if (ts.isExportDeclaration(node)) {
    const { isTypeOnly, exportClause: clause } = node
    return { specifier, isTypeOnly: isTypeOnly || (!!clause && everyNameIsType(clause)) }
  }
  const clause = node.importClause
  if (clause === undefined) return { specifier, isTypeOnly: false }
  const { name, namedBindings: names } = clause
  const hasOnlyTypes = name === undefined && names !== undefined && everyNameIsType(names)
  return { specifier, isTypeOnly: clause.isTypeOnly || hasOnlyTypes }
}

/** Whether all names in braces are marked `type`. An empty list still loads the module. */
function everyNameIsType(names: ts.NamedImportBindings | ts.NamedExportBindings): boolean {
  if (!ts.isNamedImports(names) && !ts.isNamedExports(names)) return false
  const elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[] = names.elements
  return elements.length > 0 && elements.every((each) => each.isTypeOnly)
}

function loadsModule({ expression }: ts.CallExpression): boolean {
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return true
  return ts.isIdentifier(expression) && expression.text === 'require'
}

/** `process.env`, `process['env']`, `globalThis.process.env`, `const { env } = process`. */
function takesEnvironment(node: ts.Node, processNames: ReadonlySet<string>): boolean {
  if (ts.isPropertyAccessExpression(node)) {
    return node.name.text === 'env' && isProcessObject(node.expression, processNames)
  }
  if (ts.isElementAccessExpression(node)) {
    const { argumentExpression: key } = node
    const isOther = ts.isStringLiteralLike(key) && key.text !== 'env'
    return !isOther && isProcessObject(node.expression, processNames)
  }
  if (!ts.isVariableDeclaration(node) || !ts.isObjectBindingPattern(node.name)) return false
  if (node.initializer === undefined) return false
  const takesEnv = node.name.elements.some((each) => importedName(each) === 'env')
  return takesEnv && isProcessObject(node.initializer, processNames)
}

function isProcessObject(node: ts.Expression, names: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(node)) return names.has(node.text)
  if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'process') return false
  return ts.isIdentifier(node.expression) && /^global(This)?$/.test(node.expression.text)
}

function importedName(each: ts.ImportSpecifier | ts.BindingElement): string | undefined {
  const name = each.propertyName ?? each.name
  return ts.isIdentifier(name) ? name.text : undefined
}

function isProcess(specifier: string): boolean {
  return specifier === 'process' || specifier === 'node:process'
}
