/** Colours on a terminal that wants them, plain text elsewhere. */
const isColoured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined

const wrap = (code: number) => (text: string) =>
  isColoured ? `\u001b[${code}m${text}\u001b[0m` : text

export const paint = {
  bold: wrap(1),
  dim: wrap(2),
  red: wrap(31),
  green: wrap(32),
  /** Cuts a line to a width without counting, or breaking, its colours. */
  clip(line: string, width: number): string {
    let shown = 0
    let out = ''
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
    for (const part of line.split(/(\u001b\[\d+m)/)) {
      const isColour = part.startsWith('\u001b')
      out += isColour ? part : part.slice(0, Math.max(0, width - shown))
      if (!isColour) shown += part.length
    }
    return out
  },
}
