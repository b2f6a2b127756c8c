import { parseArgs } from 'node:util'
import { ownNames, peerNames } from './contestants/index.mjs'
import { rowNames } from './rows/index.mjs'
import { workloads } from './workloads.mjs'

/**
 * Reads the command line.
 *
 * @throws Error that names the option and what it takes.
 */
export function readOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      peers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const rounds = Number(values.quick && !argv.includes('--rounds') ? 2 : values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error('--rounds takes a whole number from 1')
  const rows = [...workloads.map(({ id }) => id), ...rowNames]
  return {
    rounds,
    rows: chosen('--only', values.only, rows),
    contestants: [...ownNames, ...chosen('--peers', values.peers, peerNames)],
    warmMs: values.quick ? 200 : 500,
    measureMs: values.quick ? 200 : 400,
    builds: !values['no-build'],
    json: values.json,
    wantsHelp: values.help,
  }
}

/** What `--help` prints. */
export const helpText = `npm run bench -- [options]

  --rounds N      rounds of every contestant, in a new order each (default 5)
  --only A,B      rows: ${[...workloads.map(({ id }) => id), ...rowNames].join(', ')}
  --peers A,B     peers: ${peerNames.join(', ')}
  --quick         2 rounds of shorter windows: for a look, not for a claim
  --no-build      time what is in dist, whatever its age
  --json FILE     also write every number to FILE`

function chosen(option, text, names) {
  if (text === undefined) return names
  const asked = text.split(',').filter((name) => name !== '')
  const unknown = asked.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new Error(`${option} does not know ${unknown}; it takes ${names.join(', ')}`)
  return names.filter((name) => asked.includes(name))
}
