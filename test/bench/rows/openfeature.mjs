import { boundedRow, medianOfRounds } from './bounds.mjs'

/** Level is level within this: the rest is the noise between two processes. */
const levelRatio = 1.05
const leastRatio = 2

/** OpenFeature's server client over our provider, beside its own in-memory provider: through the client, and the provider alone. */
export async function openfeatureRows({ rounds, warmMs, measureMs }) {
  const ask = (provider, direct) =>
    medianOfRounds(rounds, 'rows/openfeature-child.mjs', { provider, direct, warmMs, measureMs })
  const through = [await ask('in-memory', false), await ask('sluice', false)]
  const alone = [await ask('in-memory', true), await ask('sluice', true)]
  return [
    boundedRow('OpenFeature client, in-memory provider', through[0], 'ns'),
    boundedRow(
      'OpenFeature client, our provider',
      through[1],
      'ns',
      through[0].value * levelRatio,
      'level: the client itself is the cost',
    ),
    boundedRow('   a resolver alone, in-memory', alone[0], 'ns'),
    boundedRow(
      '   a resolver alone, ours',
      alone[1],
      'ns',
      alone[0].value / leastRatio,
      '<= 1/2 of in-memory',
    ),
  ]
}
