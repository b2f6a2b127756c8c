import type { Change, Commit } from '@sluice/stores'
import { formatPercent } from './bar.ts'
import { flagOfKey } from './log-key.ts'

/** What guards write down for each other, and nobody needs to read. */
export const bookkeeping: ReadonlySet<string> = new Set(['watch', 'keep_evidence', 'count_asked'])

/** What a commit changed, in a few words: `newCheckout 25 %`, `newCheckout off, darkMode off`. */
export function describeChanges({ changes, action }: Pick<Commit, 'changes' | 'action'>): string {
  const told = changes.filter(({ key }) => isTold(key, changes))
  const parts = told.slice(0, 3).map((change) => describeChange(change, action))
  if (told.length > 3) parts.push(`and ${told.length - 3} more`)
  return [...new Set(parts)].join(', ')
}

/** Beside an exposure, what else the commit notes for the machine is no news. */
function isTold(key: string, changes: readonly Change[]): boolean {
  const isSecond = !/^(?:exposure|flag|segment)\//u.test(key)
  return !(isSecond && changes.some((each) => each.key.startsWith('exposure/')))
}

function describeChange({ key, value }: Change, action: string): string {
  const name = flagOfKey(key) ?? key
  if (value === null) return `${name} removed`
  if (key.startsWith('exposure/')) return `${name} ${describeExposure(value as Exposed, action)}`
  if (key.startsWith('rollout/')) {
    const { phase } = value as { phase?: unknown }
    return typeof phase === 'string' ? `${name} ${phase.replaceAll('_', ' ')}` : name
  }
  return name
}

interface Exposed {
  readonly enabled?: boolean
  readonly rollout?: number
  readonly split?: { readonly [variant: string]: number }
}

/** An exposure holds all that was ever laid over the flag; the action says which of it is new. */
function describeExposure({ enabled, rollout, split }: Exposed, action: string): string {
  const shares = Object.entries(split ?? {}).map(([name, weight]) => `${name} ${weight}`)
  const share = rollout === undefined ? [] : [formatPercent(rollout)]
  if (action === 'set_split') return shares.join(' ')
  if (action === 'set_rollout') return share.join(' ')
  if (enabled === false) return 'off'
  if (action === 'enable') return 'on'
  return [...share, ...shares].join(' ') || 'on'
}
