/** A line that a reader types, and what the page says is printed. */
export interface TypedLine {
  readonly line: string
  readonly prints: string
}

/** What a guide tells its reader to do. */
export interface Guide {
  /** The lines that make the project. */
  readonly setUp: readonly string[]
  /** The files to write: code by name. */
  readonly files: Readonly<Record<string, string>>
  /** What is typed then, by the heading that it stands under: '' before the first. */
  readonly sections: Readonly<Record<string, readonly TypedLine[]>>
}

/**
 * Reads a guide as its reader does: `sh` blocks make the project, `ts` blocks that name themselves in their first line are
 * files (others are programs by themselves), `console` blocks are typed at a prompt.
 */
export function readGuide(page: string): Guide {
  const [opening = '', ...parts] = page.split(/^## /m)
  const sections = [`\n${opening}`, ...parts].map((part) => {
    const heading = part.slice(0, part.indexOf('\n'))
    return [heading, blocksOf(part, 'console').flatMap(readConsole)] as const
  })
  const files = blocksOf(page, 'ts').flatMap((code) => {
    const name = /^\/\/ (\S+\.tsx?)\n/.exec(code)?.[1]
    return name === undefined ? [] : [[name, code] as const]
  })
  return {
    setUp: blocksOf(opening, 'sh').flatMap((block) => block.trim().split('\n')),
    files: Object.fromEntries(files),
    sections: Object.fromEntries(sections),
  }
}

function blocksOf(text: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')
  return [...text.matchAll(fence)].map(([, block = '']) => block)
}

function readConsole(block: string): TypedLine[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((typed) => {
      const end = typed.indexOf('\n')
      return { line: typed.slice(0, end), prints: typed.slice(end + 1) }
    })
}
