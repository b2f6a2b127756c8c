import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The titles of a test file's tests that run and expect something: those skipped, by themselves or with their `describe`,
 * to do or without `expect` are none.
 *
 * @param file From the project's folder.
 */
export function readTests(file: string): Set<string> {
  const source = ts.createSourceFile(
    file,
    readFileSync(`${root}/${file}`, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  )
  const titles = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      if (isSkipped(node)) return
      const title = titleOf(node)
      if (title !== undefined) titles.add(title)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}

/** `it('title', …)`, and `it.each(…)('title', …)`; not `it.skip` and not `it.todo`. */
function titleOf({ expression, arguments: given }: ts.CallExpression): string | undefined {
  const [title, body] = given
  if (title === undefined || body === undefined || !ts.isStringLiteralLike(title)) return undefined
  const callee = ts.isCallExpression(expression) ? expression.expression : expression
  const text = callee.getText()
  if (!/^(it|test)(\.(each|concurrent|runIf\b.*|skipIf\b.*))?$/s.test(text)) return undefined
  // What follows the title: the body, and options before or behind it.
  const expects = given.slice(1).some((each) => /\bexpect\b/.test(each.getText()))
  return expects ? title.text : undefined
}

/** `describe.skip(…)`, and `describe.skip.each(…)(…)`: nothing inside runs. */
function isSkipped({ expression }: ts.CallExpression): boolean {
  const callee = ts.isCallExpression(expression) ? expression.expression : expression
  return /^describe\.(skip|todo)\b/.test(callee.getText())
}
