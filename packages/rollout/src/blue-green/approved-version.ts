import { SluiceError } from '@sluice/core'
import type { ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import type { TrafficBooks } from './books.ts'

/** A rollout's subject with the version that it gives traffic to: an approval of another version is none. */
export function withVersionAsked(subject: ApprovalSubject, version: string): ApprovalSubject {
  return { ...subject, asked: { ...Object(subject.asked), version } }
}

/**
 * A desk that is asked for the version on the idle arm.
 *
 * It is the version that stands in the log, not one that somebody names: what is approved is what would get the traffic.
 * The commit that uses the approval depends on it, so that the arm cannot change in between.
 */
export function approvalsOfArm(
  desk: ApprovalDesk,
  books: Pick<TrafficBooks, 'read' | 'trafficKey'>,
): ApprovalDesk {
  return {
    check(subject) {
      const { idle, versions } = books.read()
      const version = versions[idle]
      if (version === undefined) {
        const message = `There is no version on ${idle}, and so none that could be approved: start one.`
        throw new SluiceError('no_version_on_arm', message)
      }
      const check = desk.check(withVersionAsked(subject, version))
      if (check.status !== 'approved') return check
      const { change } = check
      return {
        ...check,
        change: { ...change, dependsOn: [...change.dependsOn, books.trafficKey] },
      }
    },
  }
}
