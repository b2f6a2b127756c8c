import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AstBuilder, compile, GherkinClassicTokenMatcher, Parser } from '@cucumber/gherkin'
import { IdGenerator } from '@cucumber/messages'

/** One line of a scenario, with the table under it. */
export interface Step {
  readonly text: string
  /** Rows of cells; none where there is no table. */
  readonly table: readonly (readonly string[])[]
}

/** A scenario that can be run: an outline's rows are one each. */
export interface Scenario {
  /** Feature, scenario, and which row of its examples. */
  readonly title: string
  readonly tags: readonly string[]
  readonly steps: readonly Step[]
}

/** Every scenario of a folder's feature files, backgrounds included. */
export function readScenarios(folder: string): Scenario[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.feature'))
  return names.sort().flatMap((name) => scenariosOf(readFileSync(join(folder, name), 'utf8'), name))
}

function scenariosOf(text: string, file: string): Scenario[] {
  const newId = IdGenerator.incrementing()
  const parser = new Parser(new AstBuilder(newId), new GherkinClassicTokenMatcher())
  const seen = new Map<string, number>()
  return compile(parser.parse(text), file, newId).map(({ name, tags, steps }) => {
    const turn = (seen.get(name) ?? 0) + 1
    seen.set(name, turn)
    return {
      title: `${file}: ${name} (${turn})`,
      tags: tags.map((tag) => tag.name),
      steps: steps.map(({ text, argument }) => ({
        text,
        table: (argument?.dataTable?.rows ?? []).map(({ cells }) =>
          cells.map(({ value }) => value),
        ),
      })),
    }
  })
}
