/** A longer line is no event stream of ours, and must not fill the memory. */
const maxLineLength = 65_536

/**
 * A parser of server-sent events (HTML Standard § 9.2.6), as far as a wake-up needs it: it tells that
 * an event with data is complete, and nothing of what it holds.
 *
 * @returns takes the stream's text, cut anywhere. It throws where a line has no end.
 */
export function createEventParser(onEvent: () => void): (text: string) => void {
  let line = ''
  let hasData = false
  let endedInReturn = false

  function endLine(): void {
    if (line === '') {
      if (hasData) onEvent()
      hasData = false
    } else if (line === 'data' || line.startsWith('data:')) {
      hasData = true
    }
    line = ''
  }

  return (text) => {
    if (text === '') return
    // The two halves of one line end may come apart.
    const [first = '', ...others] = (
      endedInReturn && text.startsWith('\n') ? text.slice(1) : text
    ).split(/\r\n|\n|\r/)
    endedInReturn = text.endsWith('\r')
    line += first
    for (const next of others) {
      endLine()
      line = next
    }
    if (line.length > maxLineLength) {
      throw new Error(`a line of its event stream is longer than ${maxLineLength} characters`)
    }
  }
}
