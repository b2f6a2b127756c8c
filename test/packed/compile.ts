import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** How an application's compiler looks for modules. */
export type Resolution = 'node16' | 'nodenext' | 'bundler'

const kinds: Record<Resolution, Pick<ts.CompilerOptions, 'module' | 'moduleResolution'>> = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
}

/** Every runtime has it, and zod's declarations name it; the library of the language does not. */
const platform = 'declare class URL { readonly href: string }\n'

const nodeTypes = fileURLToPath(new URL('../../node_modules/@types', import.meta.url))

/**
 * Compiles files of a project beside themselves, as strictly as an application may: the packages'
 * declarations are checked too, and no types of Node or of a browser are there to lean on.
 *
 * @returns What the compiler says against them.
 */
export function compile(
  project: string,
  files: Readonly<Record<string, string>>,
  resolution: Resolution,
): string[] {
  return compileAll(
    project,
    { ...files, 'platform.d.ts': platform },
    { ...kinds[resolution], types: [] },
  )
}

/**
 * The same in an application that has Node's types.
 *
 * @param trusts What is not checked: with `declarations` only the files are, in a third of the time. Default: `nothing`.
 */
export function compileWithNode(
  project: string,
  files: Readonly<Record<string, string>>,
  resolution: Resolution,
  trusts: 'nothing' | 'declarations' = 'nothing',
): string[] {
  return compileAll(project, files, {
    ...kinds[resolution],
    types: ['node'],
    typeRoots: [nodeTypes],
    skipLibCheck: trusts === 'declarations',
  })
}

function compileAll(
  project: string,
  files: Readonly<Record<string, string>>,
  options: ts.CompilerOptions,
): string[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text)
  const program = ts.createProgram(
    Object.keys(files).map((name) => join(project, name)),
    {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmitOnError: true,
      ...options,
    },
  )
  const { diagnostics } = program.emit()
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ')
    return `${file?.fileName.replace(project, '') ?? 'program'}: ${text}`
  })
}
