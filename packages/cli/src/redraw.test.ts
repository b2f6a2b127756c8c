import { describe, expect, it } from 'vitest'
import { createRedraw } from './redraw.ts'

/** A window that keeps what is written to it. */
function createWindow(columns: number, rows: number) {
  const window = { columns, rows, written: '', isTTY: true, write: (text: string) => text }
  window.write = (text) => {
    window.written = text
    return text
  }
  return window
}

describe('createRedraw', () => {
  it('goes up as many rows as the last frame fills now, in a window that became narrower', () => {
    const window = createWindow(80, 24)
    const redraw = createRedraw(window)
    redraw.draw(['x'.repeat(70), 'short'])
    expect(window.written).not.toContain('\u001b[2A')
    redraw.draw(['again'])
    expect(window.written).toContain('\u001b[2A')
    redraw.draw(['x'.repeat(70), 'short'])
    window.columns = 40
    redraw.draw(['narrow'])
    expect(window.written).toContain('\u001b[3A')
  })

  it('draws no more than the window has rows, and all of it at the end', () => {
    const window = createWindow(80, 4)
    const redraw = createRedraw(window)
    redraw.draw(['1', '2', '3', '4', '5'])
    expect(window.written.match(/\n/g)).toHaveLength(3)
    redraw.end(['1', '2', '3', '4', '5'])
    expect(window.written.match(/\n/g)).toHaveLength(5)
  })

  it('hides the cursor while it draws, and shows it again at the end', () => {
    const window = createWindow(80, 24)
    const redraw = createRedraw(window)
    redraw.draw(['one'])
    expect(window.written).toContain('\u001b[?25l')
    redraw.end(['one'])
    expect(window.written).toContain('\u001b[?25h')
  })
})
