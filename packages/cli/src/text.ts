import stringWidth from 'string-width'

/** Columns that a text takes on a screen, colours aside. */
export function widthOf(text: string): number {
  // A list of 1,000 flags asks 10,000 times: what is plain need not be cut into graphemes.
  return plain.test(text) ? text.length : stringWidth(text)
}

/** Fills a text with spaces up to a width. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? text + fill : fill + text
}

/** Cuts a plain text to a width, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return width < 1 ? '' : `${kept.trimEnd()}…`
}

/** Breaks a plain text at spaces so that no line is wider; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

/**
 * Shows control characters instead of sending them: what stands in a log was written by anybody, and
 * an escape sequence in a reason must not repaint the reader's screen.
 */
export function clean(text: string): string {
  return text.replace(controls, (found) => {
    if (found === '\n' || found === '\t') return ' '
    return escaped(found)
  })
}

/**
 * The last look at a line before a terminal gets it: whatever is no colour is shown and not sent, should a
 * command have forgotten to {@link clean} a part of it.
 */
export function withoutCommands(line: string): string {
  if (plain.test(line)) return line
  return line
    .split(colours)
    .map((part, index) => (index % 2 === 1 ? part : clean(part)))
    .join('')
}

/** A value as JSON, in which no control character stands for itself: JSON leaves those above U+007E as they are. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(aboveAscii, escaped)
}

function escaped(found: string): string {
  return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const segmenter = new Intl.Segmenter()
const plain = /^[ -~]*$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const colours = /(\u001b\[[\d;]*m)/u
const aboveAscii = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
// Control characters, and those that turn the direction of what follows.
const controls = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
