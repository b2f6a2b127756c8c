import { boundedRow, medianOfRounds } from './bounds.mjs'

/** The young generation is made larger than what is to be found, so that no collection hides it. */
const nodeOptions = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

const mostNs = 150

/** Under this it is the meter, not the calls: one number in 1,600 calls. */
const mostBytes = 0.01

/** What `recorder.observe` takes and allocates, for requests of named users of which one in a hundred fails. */
export async function recorderRows({ rounds, warmMs, measureMs }) {
  const ask = (parameters) =>
    medianOfRounds(
      rounds,
      'rows/recorder-child.mjs',
      { warmMs, measureMs, ...parameters },
      nodeOptions,
    )
  const time = await ask({ meter: 'time', errorsIn: 100 })
  const bytes = await ask({ meter: 'bytes', errorsIn: 0 })
  if (bytes.value < mostBytes) bytes.value = 0
  const clock = await ask({ meter: 'bytes', errorsIn: 100 })
  return [
    boundedRow('observe() of a user', time, 'ns', mostNs, '<= 150 ns'),
    boundedRow('observe() bytes allocated', bytes, 'B', 0, '0 B'),
    boundedRow('   by the clock, at 1 % errors', clock, 'B'),
  ]
}
