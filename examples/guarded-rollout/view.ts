import type { FleetSource, RolloutController, RolloutState, Verdict } from '@sluice/sdk'
import type { Act } from './act.ts'
import { type ArmWindow, armRows, createWindow } from './arm-window.ts'
import { paint } from './paint.ts'

/** What a view follows. */
export interface Scene {
  readonly act: Act
  readonly controller: RolloutController
  readonly fleet: FleetSource
}

/** Shows a rollout while it runs: in place on a terminal, else a line for each event. */
export interface View {
  /** Begins to show a scene; answers a function that ends it. */
  follow(scene: Scene): () => void
}

const refreshMs = 500
const barWidth = 12

/** Creates a view on a stream. */
export function createView(output: NodeJS.WriteStream): View {
  return output.isTTY ? createLiveView(output) : createLineView(output)
}

function createLiveView(output: NodeJS.WriteStream): View {
  return {
    follow({ act, controller, fleet }) {
      const window = createWindow(fleet)
      let lastEvent = 'waiting for the first users'
      let drawn = 0
      const stopEvents = controller.on('event', (notice) => {
        lastEvent = `${clockTime(notice.at)} ${notice.message}`
      })
      const draw = () => {
        void window.look()
        const lines = describe(act, controller, window).concat(`  last event  ${lastEvent}`)
        const width = output.columns || 80
        if (drawn > 0) output.write(`\u001b[${drawn}A\u001b[J`)
        output.write(`${lines.map((line) => paint.clip(line, width)).join('\n')}\n`)
        drawn = lines.length
      }
      const timer = setInterval(draw, refreshMs)
      draw()
      return () => {
        clearInterval(timer)
        stopEvents()
        draw()
      }
    },
  }
}

function createLineView(output: NodeJS.WriteStream): View {
  return {
    follow({ act, controller, fleet }) {
      const window = createWindow(fleet)
      output.write(`${act.title}\n`)
      const timer = setInterval(() => void window.look(), refreshMs)
      const stopEvents = controller.on('event', (notice) => {
        output.write(`  ${clockTime(notice.at)} ${notice.message}\n`)
        for (const line of [window.summary(), ...window.byProcess()]) {
          output.write(`           ${line}\n`)
        }
      })
      return () => {
        clearInterval(timer)
        stopEvents()
      }
    },
  }
}

function describe(act: Act, { state, verdicts }: RolloutController, window: ArmWindow): string[] {
  const asked = askedPercent(state)
  return [
    '',
    `  ${paint.bold(act.title)}   ${paint.dim(act.flag)}`,
    '',
    `  stages      ${stageBar(state)}   ${phaseText(state)}`,
    `  canary      asked ${asked} %, served ${window.servedPercent().toFixed(1)} % of the last 3 s`,
    '',
    ...armRows(window).map((row) => `  ${row}`),
    ...window.byProcess().map((line) => `  ${paint.dim(line)}`),
    '',
    ...verdicts.map((verdict) => `  ${evidenceRow(verdict)}`),
  ]
}

function stageBar(state: RolloutState | undefined): string {
  if (state === undefined) return paint.dim('not started')
  const at = 'stage' in state ? state.stage : undefined
  return state.plan.stages
    .map(({ rolloutPercent }, index) => {
      const text = `${rolloutPercent} %`
      if (state.phase === 'completed' || (at !== undefined && index < at)) {
        return paint.green(`━━ ${text} ━━`)
      }
      return index === at ? paint.bold(`▶▶ ${text} ──`) : paint.dim(`── ${text} ──`)
    })
    .join('')
}

function phaseText(state: RolloutState | undefined): string {
  if (state === undefined) return ''
  const text = state.phase.replaceAll('_', ' ')
  if (state.phase === 'completed') return paint.green(text)
  return state.phase === 'running' ? text : paint.red(text)
}

function askedPercent(state: RolloutState | undefined): number {
  return state?.exposure.rollout ?? 0
}

function evidenceRow({ guard, evidence, outcome, basis, secondsToDecision }: Verdict): string {
  const filled = Math.round(evidence * barWidth)
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
  const share = `${Math.round(evidence * 100)} %`.padStart(5)
  const soon =
    secondsToDecision === undefined ? '' : `, decides in ${Math.ceil(secondsToDecision)} s`
  const word = outcome === 'fail' ? paint.red(outcome) : (basis ?? outcome)
  return `${guard.padEnd(11)} ${bar} ${share} of the evidence a failure needs   ${word}${soon}`
}

function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}
