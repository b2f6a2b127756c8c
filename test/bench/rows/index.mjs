import { allocationRows } from './allocation.mjs'
import { cliRows } from './cli.mjs'
import { exposuresRows } from './exposures.mjs'
import { guardedRows } from './guarded.mjs'
import { guardsRows } from './guards.mjs'
import { importRows } from './import.mjs'
import { changeRows, loadRows } from './load.mjs'
import { openfeatureRows } from './openfeature.mjs'
import { recorderRows } from './recorder.mjs'
import { requestRows } from './request.mjs'
import { sizeRows } from './size.mjs'
import { dispatcherRows, proxyRows } from './traffic.mjs'

const rows = {
  allocation: allocationRows,
  size: sizeRows,
  load: loadRows,
  change: changeRows,
  import: importRows,
  guarded: guardedRows,
  guards: guardsRows,
  recorder: recorderRows,
  openfeature: openfeatureRows,
  request: requestRows,
  exposures: exposuresRows,
  dispatcher: dispatcherRows,
  proxy: proxyRows,
  cli: cliRows,
}

/** The names of the rows that have a bound of their own instead of a peer. */
export const rowNames = Object.keys(rows)

/**
 * Measures one of them.
 *
 * @returns Lines for the report: title, value and unit, the bound and whether it is met. A line says
 * `failed` where an answer was wrong, and has no value where the package is not built yet.
 */
export async function runRow(name, options) {
  try {
    return await rows[name](options)
  } catch (error) {
    return [{ title: name, failed: error.message }]
  }
}
