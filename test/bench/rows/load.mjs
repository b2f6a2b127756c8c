import { boundedRow, medianOfRounds } from './bounds.mjs'

const mostLoadMs = 100
const mostChangeMs = 1

/** From 10,000 definitions of three rules each, as objects, to the first answer, in a new process. */
export async function loadRows({ rounds }) {
  const bound = `<= ${mostLoadMs} ms`
  const own = async (how) => await medianOfRounds(rounds, 'rows/load-child.mjs', { how })
  return [
    boundedRow(
      'load 10,000 flags, three rules each, parsed before',
      await own('trusted'),
      'ms',
      mostLoadMs,
      bound,
    ),
    boundedRow('   the same with validation', await own('validated'), 'ms'),
    boundedRow('   the same in flagd-core, from its JSON', await own('flagd-core'), 'ms'),
  ]
}

/** From one changed definition among 10,000 to its first answer. */
export async function changeRows({ rounds }) {
  const bound = `<= ${mostChangeMs} ms`
  const own = async (how) => await medianOfRounds(rounds, 'rows/change-child.mjs', { how })
  return [
    boundedRow(
      'one changed flag among 10,000 served, flag set',
      await own('flagset'),
      'ms',
      mostChangeMs,
      bound,
    ),
    boundedRow(
      '   the same by disable() on a client, memory store',
      await own('client'),
      'ms',
      mostChangeMs,
      bound,
    ),
  ]
}
