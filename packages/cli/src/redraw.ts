import { widthOf, withoutCommands } from './text.ts'
import type { OutputStream } from './world.ts'

/** A part of the screen that is drawn again and again in one place. */
export interface Redraw {
  /** Puts these lines in place of the last ones; as many as the window has room for. */
  draw(lines: readonly string[]): void
  /** Draws them a last time, in full, and leaves the cursor below, visible again. */
  end(lines: readonly string[]): void
}

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
/** To the terminal, what stands between is one change: nothing half drawn is seen. Others ignore it. */
const beginUpdate = '\u001b[?2026h'
const endUpdate = '\u001b[?2026l'
const clearRight = '\u001b[K'
const clearBelow = '\u001b[J'

/**
 * Draws in place, without the alternate screen, so that the last frame stays in the scrollback.
 *
 * A window that was made narrower has broken the lines that stand in it; they are counted as it shows them now, so that
 * none is left behind.
 */
export function createRedraw(stdout: OutputStream): Redraw {
  let drawn: readonly string[] = []

  function columns(): number {
    return stdout.columns || 80
  }

  function toTop(): string {
    const rows = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns())),
      0,
    )
    return rows === 0 ? '\r' : `\u001b[${rows}A\r`
  }

  function write(lines: readonly string[]): string {
    const body = lines.map((line) => `${withoutCommands(line)}${clearRight}\n`).join('')
    return `${toTop()}${body}${clearBelow}`
  }

  return {
    draw(lines) {
      // What has left the window above cannot be drawn over any more.
      const kept = lines.slice(0, Math.max(1, (stdout.rows || 24) - 1))
      stdout.write(`${beginUpdate}${hideCursor}${write(kept)}${endUpdate}`)
      drawn = kept
    },
    end(lines) {
      stdout.write(`${beginUpdate}${write(lines)}${showCursor}${endUpdate}`)
      drawn = []
    },
  }
}
