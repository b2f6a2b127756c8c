import * as configcatSdk from '@configcat/sdk'
import { listedCountries } from '../users.mjs'

/** ConfigCat's SDK on local overrides only; single flags are read from a snapshot, synchronously. */
export const configcat = {
  name: 'configcat',
  package: '@configcat/sdk',
  async open(flags) {
    const settings = Object.fromEntries(flags.map(({ key, kind }) => [key, settingOf(kind)]))
    const client = configcatSdk.getClient('bench', configcatSdk.PollingMode.ManualPoll, {
      flagOverrides: {
        dataSource: { getOverrides: () => settings },
        behaviour: configcatSdk.OverrideBehaviour.LocalOnly,
      },
    })
    const snapshot = client.snapshot()
    return {
      isAllAsync: true,
      contextOf: ({ targetingKey, country, email, ...custom }) =>
        new configcatSdk.User(targetingKey, email, country, custom),
      isOn: (key, user) => snapshot.getValue(key, false, user),
      variant: (key, user) => snapshot.getValue(key, 'none', user),
      all: (user) => client.getAllValuesAsync(user),
      sizeOf: (pairs) => pairs.length,
      valuesOf: (pairs) =>
        Object.fromEntries(pairs.map((pair) => [pair.settingKey, pair.settingValue])),
      close: () => client.dispose(),
    }
  },
  notes: { all: 'a promise: its snapshot has no call for all flags' },
}

const { SettingType, UserComparator } = configcatSdk

/** A setting as it stands in ConfigCat's config file, version 6. */
function settingOf(kind) {
  switch (kind) {
    case 'W1':
      return { t: SettingType.Boolean, v: { b: true } }
    case 'W2':
      return { t: SettingType.Boolean, v: { b: false }, p: percents([25, 75]) }
    case 'W3':
      return {
        t: SettingType.Boolean,
        v: { b: false },
        r: [
          {
            c: [
              { u: { a: 'Country', c: UserComparator.TextIsOneOf, l: listedCountries } },
              { u: { a: 'version', c: UserComparator.SemVerGreaterOrEquals, s: '2.1.0' } },
            ],
            p: percents([50, 50]),
          },
        ],
      }
    case 'W4':
      return {
        t: SettingType.Boolean,
        v: { b: false },
        r: Array.from({ length: 10 }, (_, index) => ({
          c: [{ u: { a: 'plan', c: UserComparator.TextEquals, s: `plan-${index}` } }],
          s: { v: { b: true } },
        })),
      }
    default:
      return {
        t: SettingType.String,
        v: { s: 'none' },
        p: ['a', 'b', 'c', 'd'].map((name) => ({ p: 25, v: { s: name } })),
      }
  }
}

function percents([on, off]) {
  return [
    { p: on, v: { b: true } },
    { p: off, v: { b: false } },
  ]
}
