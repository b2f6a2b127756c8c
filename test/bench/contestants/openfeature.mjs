import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk'

const noRollouts =
  'its in-memory provider has no rollouts or rules; a callback of the application decides'

/** OpenFeature's server SDK over its in-memory provider: what the API itself costs. */
export const openfeature = {
  name: 'openfeature',
  package: '@openfeature/server-sdk',
  isAsync: true,
  cannot: {
    W2: noRollouts,
    W3: noRollouts,
    W4: noRollouts,
    W5: noRollouts,
    mix: noRollouts,
    all: 'no call that evaluates every flag, and no rollouts or rules',
  },
  async open(flags) {
    const configuration = Object.fromEntries(
      flags.map(({ key }) => [
        key,
        { variants: { on: true, off: false }, defaultVariant: 'on', disabled: false },
      ]),
    )
    await OpenFeature.setProviderAndWait(new InMemoryProvider(configuration))
    const client = OpenFeature.getClient()
    return {
      isAsync: true,
      contextOf: (user) => user,
      isOn: (key, context) => client.getBooleanValue(key, false, context),
      close: () => OpenFeature.close(),
    }
  },
}
