import { isProcedureOver, type ProcedureState, parseProcedureState } from '@sluice/rollout'
import type { Context } from '../context.ts'
import { formatAge } from '../duration.ts'
import { withSession } from '../session.ts'
import { formatTable } from '../table.ts'
import type { Colors } from '../terminal.ts'
import { clean } from '../text.ts'

/** `deployments`: those in the log, and how far each has come. */
export async function listDeployments(context: Context): Promise<void> {
  const { terminal, world } = context
  await withSession(context, async ({ flags }) => {
    const states = ['deployment/', 'procedure/'].flatMap((prefix) =>
      flags.replica.entries(prefix).flatMap(({ value }) => read(value)),
    )
    terminal.document(states)
    if (states.length === 0) {
      terminal.print('no deployment yet')
      return
    }
    terminal.print(...draw(states, terminal, world.clock.now()))
  })
}

/** One that was written by something else is left out: it is no deployment. */
function read(value: unknown): ProcedureState[] {
  try {
    return [parseProcedureState(value)]
  } catch {
    return []
  }
}

function draw(
  states: readonly ProcedureState[],
  { width, color }: Context['terminal'],
  now: number,
): string[] {
  return formatTable(
    [
      { title: 'deployment', shrinks: true, least: 12 },
      { title: 'environment' },
      { title: 'phase', paint: (text, row) => paintOf(states[row], color)(text) },
      { title: 'steps', align: 'right' },
      { title: 'standing', shrinks: true, least: 16, paint: color.dim },
    ],
    states.map((state) => {
      const done = state.steps.filter(({ phase }) => phase === 'done' || phase === 'skipped').length
      const steps = `${done} of ${state.steps.length}`
      return [clean(state.id), clean(state.environment), state.phase, steps, say(state, now)]
    }),
    { width, title: color.dim },
  )
}

function say(state: ProcedureState, now: number): string {
  const started = `${clean(state.startedBy)}, ${formatAge(state.startedAt, now)}`
  if (state.phase === 'waiting') return `${clean(state.step)}: ${clean(state.because)}`
  if ('decision' in state) return `${clean(state.decision.by)}: ${clean(state.decision.because)}`
  const current = state.steps.find(({ phase }) => phase === 'running' || phase === 'retrying')
  return current === undefined ? started : `${clean(current.name)}; ${started}`
}

function paintOf(state: ProcedureState | undefined, color: Colors): (text: string) => string {
  if (state === undefined) return color.dim
  if (state.phase === 'succeeded') return color.green
  if (state.phase === 'running' || state.phase === 'waiting') return color.yellow
  return isProcedureOver(state) || state.phase === 'undoing' ? color.red : color.dim
}
