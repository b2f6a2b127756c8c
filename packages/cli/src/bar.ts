/** Eighths of a cell, so that a bar of ten cells shows 80 steps. */
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** What a bar shows: what is filled, and the rest of the track. */
export interface Bar {
  readonly filled: string
  readonly rest: string
}

/**
 * A bar of a share.
 *
 * A share that is more than nothing shows at least an eighth, and one below all never looks full.
 *
 * @param ratio 0 to 1; anything else is clamped.
 * @param cells Columns.
 */
export function formatBar(ratio: number, cells: number): Bar {
  const share = Math.min(1, Math.max(0, Number.isFinite(ratio) ? ratio : 0))
  let steps = Math.round(share * cells * 8)
  if (share > 0) steps = Math.max(1, steps)
  if (share < 1) steps = Math.min(cells * 8 - 1, steps)
  const whole = Math.floor(steps / 8)
  const part = eighths[steps % 8]!
  const filled = '█'.repeat(whole) + part
  return { filled, rest: '░'.repeat(cells - whole - (part === '' ? 0 : 1)) }
}

/** A percentage without needless decimals: `25 %`, `0.5 %`. What is not quite nobody or everybody is never shown as that. */
export function formatPercent(percent: number): string {
  const short = Number(percent.toFixed(2))
  const isRounded = short !== percent && (short === 0 || short === 100)
  // As digits: 1e-7 is no percentage that can be typed.
  return `${isRounded ? percent.toFixed(7).replace(/0+$/u, '') : short} %`
}
