import type { ApprovalView, RolloutState } from '@sluice/rollout'
import { clean, cut, wrap } from '../text.ts'
import { formatDuration } from '../time.ts'
import type { FrameOptions } from './frame.ts'
import type { RolloutView } from './view.ts'

/** What a rollout's next stage waits for, and what to type; or that it waits for a service alone. */
export function drawApprovals(
  { approvals, now, state }: Pick<RolloutView, 'approvals' | 'now' | 'state'>,
  { width, color }: FrameOptions,
): string[] {
  return approvals.flatMap(({ approval, standing }) => {
    const name = `approval ${approval.id} (${clean(approval.subject.type)})`
    if (standing.status === 'approved') {
      return wrap(`${name} is given; ${sayWhoGoesOn(state)}`, width).map(color.green)
    }
    const [line, ...hints] = sayPending(approval.id, standing, now)
    return [
      color.yellow(cut(`${name} ${line}`, width)),
      ...hints.map((hint) => color.dim(`  ${hint}`)),
    ]
  })
}

function sayPending(
  id: string,
  { wants = [], readyAt }: Exclude<ApprovalView['standing'], { status: 'approved' }>,
  now: number,
): string[] {
  const who = wants.length === 0 ? 'is approved' : `wants ${wants.map(clean).join(', ')}`
  const notice =
    readyAt === undefined ? '' : `; its notice ends in ${formatDuration(readyAt - now)}`
  return [`${who}${notice}`, ...(wants.length === 0 ? [] : [`sluice approve ${id} --reason "…"`])]
}

/** An approval moves nothing by itself. */
function sayWhoGoesOn({ phase }: RolloutState): string {
  return phase === 'awaiting_approval'
    ? 'a service that runs its controller with approvals begins it'
    : 'a service that runs its controller with approvals goes on, once the stage is over'
}
