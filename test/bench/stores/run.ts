// What stores cost and how fast they are, on private servers of this machine:
// npm run bench:stores -- [propagation] [many] [weather]
import { cpus } from 'node:os'
import { catchUpRow, pollingRow } from './catch-up.ts'
import { memoryRow } from './memory.ts'
import { openPlaces } from './places.ts'
import { propagationRow } from './propagation.ts'
import { type Row, rowText } from './report.ts'
import { weatherRows } from './weather.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const { places, absent } = await openPlaces()
say(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}`)
for (const each of absent) say(`not measured, not installed: ${each}`)

const show = async (measure: Promise<Row | Row[]>) => {
  for (const row of [await measure].flat()) say(rowText(row))
}
/** What is to be measured; by default all of it. */
const wanted = process.argv.slice(2)
const is = (name: string) => wanted.length === 0 || wanted.includes(name)
if (is('propagation')) for (const place of places) await show(propagationRow(place))
if (is('many')) {
  for (const place of places) await show(catchUpRow(place))
  for (const place of places) await show(pollingRow(place))
  await show(memoryRow(places.at(-1)!))
}
if (is('weather')) {
  for (const place of places) if (place.port !== undefined) await show(weatherRows(place))
}
for (const place of places) await place.end()
