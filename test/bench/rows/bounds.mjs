import { medianOf } from '../measure.mjs'
import { runScript } from '../spawn.mjs'

/** Runs a script once a round in a new process and takes the median of a number it prints. */
export async function medianOfRounds(rounds, script, parameters, nodeOptions) {
  const values = []
  for (let round = 0; round < rounds; round += 1) {
    const result = await runScript(script, parameters, nodeOptions)
    if (result.absent) return { absent: result.absent }
    values.push(result.value)
  }
  return { value: medianOf(values) }
}

/** A line of the report for a number that has an upper bound. */
export function boundedRow(title, result, unit, most, bound) {
  if (result.absent) return { title, bound, note: result.absent }
  const { value, note } = result
  return { title, value, unit, bound, isMet: most === undefined ? undefined : value <= most, note }
}
