import {
  type ApprovalSubject,
  canary,
  createApprovals,
  createRolloutController,
  definePolicy,
  rolloutSubject,
} from '@sluice/rollout'
import { createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { type Clock, type Commit, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import type { Step, Turn } from './every-order.ts'
import { createRandom } from './rollout-race-world.ts'
import { storeInTurns } from './store-in-turns.ts'

const dayMs = 86_400_000

/** A change that wants two people, and no notice, so that only their order decides. */
const policy = definePolicy({
  approvals: { types: { paired: { approvers: { team_lead: 1, architect: 1 }, noticeMs: 0 } } },
})

/** Dev has a role, so that nothing but having asked keeps that vote from counting. */
const directory = {
  dev: ['team_lead'],
  lea: ['team_lead'],
  mia: ['team_lead'],
  arno: ['architect'],
  olga: ['on_call'],
}

const plan = canary({ stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }], monitorMs: 1_000 })
const rollout = { flag: 'checkout', environment: 'production', plan, guards: [] }
const subject = rolloutSubject({ ...rollout, alpha: 0.01 }, 'paired')
const edited = rolloutSubject({ ...rollout, alpha: 0.02 }, 'paired')
const sameAsMajor = rolloutSubject({ ...rollout, alpha: 0.01 }, 'major')
const sameAsBreaking = rolloutSubject({ ...rollout, alpha: 0.01 }, 'breaking')
export const rolloutKey = 'rollout/production/checkout'
export const exposureKey = 'exposure/production/checkout'

/** A clock for all, which a deed moves; nothing here waits for a timer. */
function createTime(): Time {
  const today = Date.UTC(2026, 0, 1)
  return {
    isLate: false,
    now() {
      return this.isLate ? today + 8 * dayMs : today
    },
    after: () => () => {},
  }
}
type Time = Clock & { isLate: boolean }

/** A process of its own over the store that all share. */
async function join(store: Store, time: Time, number: number) {
  let turn: Turn = async () => {}
  const replica = createReplica({
    store: storeInTurns(store, (step) => turn(step)),
    clock: time,
    random: createRandom(number),
  })
  await replica.refresh()
  const approvals = createApprovals({ replica, directory, policy, clock: time })
  return {
    ...{ replica, approvals, time },
    openController: () =>
      createRolloutController({
        ...{ ...rollout, replica, policy, approvals, clock: time, actor: `controller ${number}` },
        judge: scriptedJudge(() => [createVerdict('pass')]),
      }),
    turn: (step: Step) => turn(step),
    /** From here on its steps wait for their turn. */
    hold(until: Turn) {
      turn = until
    },
  }
}
export type Process = Awaited<ReturnType<typeof join>>

const said = (actor: string) => ({ actor, reason: `so says ${actor}` })
/** The requests that everybody speaks of, whether they are there or not. */
const { id, digest } = await askBefore(subject)
const { id: majorId } = await askBefore(sameAsMajor)

async function askBefore(about: ApprovalSubject) {
  const { approvals } = await join(createMemoryStore(), createTime(), 0)
  return approvals.request(about, said('dev'))
}

/** What somebody does in a process; what it answers is compared, too. */
export const deeds = {
  'dev asks': ({ approvals }) => approvals.request(subject, said('dev')),
  'mia asks, too': ({ approvals }) => approvals.request(subject, said('mia')),
  'lea approves': ({ approvals }) => approvals.approve(id, { ...said('lea'), digest }),
  'arno approves': ({ approvals }) => approvals.approve(id, { ...said('arno'), digest }),
  'dev approves': ({ approvals }) => approvals.approve(id, { ...said('dev'), digest }),
  'mia rejects': ({ approvals }) => approvals.reject(id, said('mia')),
  'dev withdraws': ({ approvals }) => approvals.withdraw(id, said('dev')),
  'dev edits': ({ approvals }) => approvals.edit(id, edited, said('dev')),
  'olga asks as major': ({ approvals }) => approvals.request(sameAsMajor, said('olga')),
  'mia rejects the major': ({ approvals }) => approvals.reject(majorId, said('mia')),
  'olga asks everyone': ({ approvals }) => approvals.request(sameAsBreaking, said('olga')),
  'olga has an emergency': ({ approvals }) =>
    approvals.emergency(subject, { ...said('olga'), incident: 'INC-1' }),
  'a week passes': async ({ turn, time }) => {
    await turn('time')
    time.isLate = true
  },
  'dev starts': ({ openController }) => openController().start({ ...said('dev'), type: 'paired' }),
  'a controller looks': async ({ openController, replica }) => {
    const controller = openController()
    let failure: unknown
    controller.on('error', (error) => {
      failure = error
    })
    await replica.refresh()
    await controller.tick()
    if (failure !== undefined) throw failure
  },
} satisfies Record<string, (process: Process) => Promise<unknown>>
export type Deed = keyof typeof deeds

/** A play: what each deed was answered, and the log. */
export interface Play {
  readonly answers: readonly string[]
  readonly log: () => Promise<readonly Commit[]>
}

/** What is done, and whether that is after the week has passed. */
export interface Turned {
  readonly deed: Deed
  readonly isLate: boolean
}

/** Deeds of as many processes, each when the one before is over: what anybody would expect. */
export async function playInTurn(base: readonly Commit[], order: readonly Turned[]): Promise<Play> {
  const { store, time } = await openStore(base)
  const processes = await Promise.all(order.map((_, index) => join(store, time, index)))
  const answers: string[] = []
  for (const [index, { deed, isLate }] of order.entries()) {
    time.isLate = isLate
    answers.push(await answerOf(deed, processes[index] as Process))
  }
  return { answers, log: () => store.read(0) }
}

/** Deeds at once, each step at its turn. */
export async function playAtOnce(
  base: readonly Commit[],
  set: readonly Deed[],
  turns: readonly Turn[],
): Promise<Play & { readonly work: readonly Promise<unknown>[] }> {
  const { store, time } = await openStore(base)
  const processes = await Promise.all(set.map((_, index) => join(store, time, index)))
  const answers: string[] = []
  const work = set.map(async (deed, index) => {
    const process = processes[index] as Process
    process.hold(turns[index] as Turn)
    answers.push(await answerOf(deed, process))
  })
  return { work, answers, log: () => store.read(0) }
}

async function openStore(base: readonly Commit[]) {
  const store = createMemoryStore()
  for (const commit of base) await store.append(commit)
  return { store, time: createTime() }
}

async function answerOf(deed: Deed, process: Process): Promise<string> {
  try {
    const answer = (await deeds[deed](process)) as { phase?: string } | undefined
    return `${deed}: ${answer?.phase ?? 'done'}`
  } catch (error) {
    return `${deed}: ${(error as { code?: string }).code ?? error}`
  }
}
