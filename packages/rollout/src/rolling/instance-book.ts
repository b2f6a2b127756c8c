import { type Json, SluiceError } from '@sluice/core'
import type { Replica } from '@sluice/stores'
import { z } from 'zod'
import { describeIssue } from '../issue.ts'
import type { Order } from '../transition/event.ts'

/** What one instance runs. */
export interface InstanceEntry {
  readonly version: string
  /** It was taken out of the traffic and not put back yet; what runs on it is in doubt. */
  readonly isOut?: true
}

/** What runs on each instance of a service, as it stands under `instances/<environment>/<service>`. */
export type InstanceEntries = Readonly<Record<string, InstanceEntry>>

/** Reads and writes what runs where. */
export interface InstanceBook {
  /** @throws SluiceError `invalid_instances` where it cannot be read. */
  read(): InstanceEntries
  /** Writes the versions of instances that the log does not know yet, as one commit. */
  adopt(versions: Readonly<Record<string, string>>, order: Order): Promise<void>
  /** Writes one instance's entry as one commit; the same again writes nothing. */
  set(
    instance: string,
    entry: InstanceEntry,
    said: { action: string; reason: string },
  ): Promise<void>
}

/** What is known of an instance; its name may be one that every object has. */
export function entryOf(entries: InstanceEntries, instance: string): InstanceEntry | undefined {
  return Object.hasOwn(entries, instance) ? entries[instance] : undefined
}

const schema = z.strictObject({
  schema: z.literal(1),
  instances: z.record(
    z.string(),
    z.strictObject({ version: z.string().min(1), isOut: z.literal(true).exactOptional() }),
  ),
})

/** Opens the book of a service in an environment. */
export function openInstanceBook(
  log: Pick<Replica, 'get' | 'commit' | 'refresh'>,
  { environment, service, actor }: { environment: string; service: string; actor: string },
): InstanceBook {
  const key = `instances/${environment}/${service}`
  let turn: Promise<unknown> = Promise.resolve()

  function read(): InstanceEntries {
    const entry = log.get(key)
    if (entry === undefined) return {}
    const parsed = schema.safeParse(entry.value)
    if (parsed.success) return parsed.data.instances
    const fault = describeIssue(parsed.error, entry.value)
    throw new SluiceError(
      'invalid_instances',
      `${key} in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}. No instance is touched.`,
      fault,
    )
  }

  return {
    read,
    async adopt(versions, { actor: by, reason, ticket }) {
      const known = read()
      const unknown = Object.entries(versions).filter(([name]) => !Object.hasOwn(known, name))
      if (unknown.length === 0) return
      const added = Object.fromEntries(unknown.map(([name, version]) => [name, { version }]))
      const value = { schema: 1, instances: { ...known, ...added } } as unknown as Json
      const changes = [{ key, value }]
      await log.commit({
        actor: by,
        action: 'adopt_instances',
        reason,
        ticket,
        environment,
        changes,
      })
    },
    set(instance, entry, { action, reason }) {
      // One after the other: instances of one batch would race each other for the key.
      const written = turn.then(async () => {
        const instances = read()
        const found = entryOf(instances, instance)
        if (found?.version === entry.version && found.isOut === entry.isOut) return
        const value = {
          schema: 1,
          instances: { ...instances, [instance]: entry },
        } as unknown as Json
        await log.commit({ actor, action, reason, environment, changes: [{ key, value }] })
      })
      turn = written.catch(() => {})
      return written
    },
  }
}
