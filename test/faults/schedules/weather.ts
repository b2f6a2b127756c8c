/** How likely each trouble is, from 0 to 1, at each call or wake-up. */
export interface Weather {
  readonly lostBefore: number
  readonly lostAfter: number
  readonly silent: number
  readonly slow: number
  readonly stuck: number
  readonly lostWake: number
  readonly lateWake: number
}

/** Nothing goes wrong any more. */
export const calm: Weather = {
  lostBefore: 0,
  lostAfter: 0,
  silent: 0,
  slow: 0,
  stuck: 0,
  lostWake: 0,
  lateWake: 0,
}

/** Each trouble for itself is rare, common or out of the question, so that schedules differ in kind. */
export function drawWeather(random: () => number): Weather {
  const draw = (most: number) => {
    const kind = random()
    if (kind < 0.3) return 0
    return kind < 0.7 ? (random() * most) / 4 : random() * most
  }
  return {
    lostBefore: draw(0.3),
    lostAfter: draw(0.4),
    silent: draw(0.15),
    slow: draw(0.6),
    stuck: draw(0.1),
    lostWake: draw(1),
    lateWake: draw(1),
  }
}
