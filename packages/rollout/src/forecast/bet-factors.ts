/** The ratios that the guards bet on: so many times what a claim allows. The same as in guards, `bets.ts`. */
export const betFactors: readonly number[] = Array.from(
  { length: 8 },
  (_, bet) => 1.3 * (25 / 1.3) ** (bet / 7),
)
