// What stores cost and how fast they are, on private servers of this machine:
// npm run bench:stores -- [propagation] [many] [weather] [redis] [nats] [postgres] [http] [file]
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

const show = async (measure: Promise<Row>) => say(rowText(await measure))
/** What is to be measured, and where; by default everything everywhere. */
const wanted = new Set(process.argv.slice(2))
const named = places.filter(({ name }) => wanted.delete(name))
const measured = named.length > 0 ? named : places
const is = (name: string) => wanted.size === 0 || wanted.has(name)
if (is('propagation')) for (const place of measured) await show(propagationRow(place))
if (is('many')) {
  for (const place of measured) await show(catchUpRow(place))
  for (const place of measured) await show(pollingRow(place))
  await show(memoryRow(measured.at(-1)!))
}
if (is('weather')) {
  for (const place of measured.filter(({ port }) => port !== undefined)) {
    for await (const row of weatherRows(place)) say(rowText(row))
  }
}
for (const place of places) await place.end()
