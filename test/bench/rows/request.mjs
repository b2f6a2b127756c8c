import { boundedRow, medianOfRounds } from './bounds.mjs'

/** For the bytes alone: what touches new memory all the time is slow. */
const roomy = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']

const mostMicroseconds = 100
/** One object of four fields, and its instant, which is a number of 16 bytes. */
const mostBytes = 96

/** What a request's own flags cost, and all 1,000 flags for one user. */
export async function requestRows({ rounds, warmMs, measureMs }) {
  const ask = (what, nodeOptions) =>
    medianOfRounds(rounds, 'rows/request-child.mjs', { what, warmMs, measureMs }, nodeOptions)
  const bytes = await ask('bytes', roomy)
  return [
    boundedRow('all() of 1,000 flags', await ask('all'), 'µs', mostMicroseconds, '<= 100 µs'),
    boundedRow('   answerSheet() of them', await ask('sheet'), 'µs'),
    boundedRow('forRequest(), one answer', await ask('scope'), 'ns'),
    boundedRow('   isEnabled() of the client', await ask('client'), 'ns'),
    boundedRow('forRequest() bytes allocated', bytes, 'B', mostBytes, 'one object'),
  ]
}
