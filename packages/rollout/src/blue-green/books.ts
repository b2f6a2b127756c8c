import { type Exposure, type Json, SluiceError } from '@sluice/core'
import type { Change, Replica } from '@sluice/stores'
import { parseTrafficRecord, type TrafficRecord, trafficKey } from '../steer/traffic-record.ts'
import { readExposure } from '../transition/exposure.ts'

/** What the log says of a service's two arms, and the changes that are made to it. */
export interface TrafficBooks {
  readonly trafficKey: string
  readonly exposureKey: string
  /**
   * @throws SluiceError `no_traffic_record` where nobody said yet which arm is live; `invalid_traffic_record`.
   */
  read(): TrafficRecord
  /** Undefined where nobody said yet which arm is live. */
  find(): TrafficRecord | undefined
  /** The idle arm's share in percent; 0 where it is off. */
  idlePercent(): number
  toRecord(record: TrafficRecord): Change
  toExposure(rolloutPercent: number): Change
}

/** Opens the books of a service in an environment. */
export function openTrafficBooks(
  log: Pick<Replica, 'get'>,
  environment: string,
  service: string,
): TrafficBooks {
  const key = trafficKey(environment, service)
  const exposureKey = `exposure/${environment}/${service}`

  function find(): TrafficRecord | undefined {
    const entry = log.get(key)
    return entry === undefined ? undefined : parseTrafficRecord(entry.value)
  }

  return {
    trafficKey: key,
    exposureKey,
    find,
    read() {
      const record = find()
      if (record !== undefined) return record
      throw new SluiceError(
        'no_traffic_record',
        `Nobody said yet which arm of ${service} is live in ${environment}: say so once with adopt({ live, idle, version }).`,
      )
    },
    idlePercent() {
      const { enabled, rollout = 0 } = readExposure(log.get(exposureKey)?.value)
      return enabled === false ? 0 : rollout
    },
    toRecord: (record) => ({ key, value: record as unknown as Json }),
    toExposure(rollout) {
      const exposure: Exposure = { enabled: true, rollout }
      return { key: exposureKey, value: exposure as unknown as Json }
    },
  }
}

/** The record with another version on an arm, or with none. */
export function withVersion(
  record: TrafficRecord,
  arm: string,
  version: string | undefined,
): TrafficRecord {
  const { [arm]: _, ...others } = record.versions
  return { ...record, versions: version === undefined ? others : { ...others, [arm]: version } }
}

/** The record with the arms in each other's place. */
export function withSidesChanged(record: TrafficRecord): TrafficRecord {
  return { ...record, live: record.idle, idle: record.live }
}
