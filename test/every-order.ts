/** What an actor is about to do to what all of them share: read the log, write to it, or move the time. */
export type Step = 'read' | 'append' | 'time'

/** Waits until it is this actor's turn to take the step. */
export type Turn = (step: Step) => Promise<void>

interface Move {
  /** The same in every order: whose move, and the number of it. */
  readonly name: string
  readonly step: Step
}

/** A place at which one of several moves was made. */
interface Fork {
  readonly moves: readonly Move[]
  /** Moves that lead to nothing that was not seen from elsewhere. */
  readonly spent: Move[]
  chosen: Move
}

/**
 * Plays a scene in every order in which its actors' steps can follow one another, from its beginning each time.
 *
 * Orders that differ only in which of two reads came first are one order, and are played once: those are left out by
 * sleep sets (Godefroid, Partial-Order Methods, 1996, chapter 5).
 *
 * @param actors How many.
 * @param begin Sets the scene anew, always in the same way, and lets each actor begin.
 * @param look Sees the scene after its end.
 */
export async function playEveryOrder<Scene extends { readonly work: readonly Promise<unknown>[] }>(
  actors: number,
  begin: (turns: readonly Turn[]) => Promise<Scene>,
  look: (scene: Scene, order: string) => void,
): Promise<void> {
  const path: Fork[] = []
  do {
    const gate = createGate(actors)
    const scene = await begin(gate.turns)
    if (await walk(path, gate, scene.work)) {
      look(scene, path.map(({ chosen }) => `${chosen.name} ${chosen.step}`).join(', '))
    }
  } while (turnBack(path))
}

/** @returns whether it came to its end; false where all that can follow was seen before. */
async function walk(
  path: Fork[],
  gate: ReturnType<typeof createGate>,
  work: readonly Promise<unknown>[],
): Promise<boolean> {
  let isDone = false
  void Promise.allSettled(work).then(() => {
    isDone = true
  })
  for (let depth = 0; ; depth += 1) {
    await settle()
    if (isDone) return true
    const fork = path[depth] ?? createFork(gate.moves(), path.at(-1))
    if (fork === undefined) return false
    if (depth === path.length) path.push(fork)
    gate.let(fork.chosen)
  }
}

function createFork(moves: readonly Move[], before: Fork | undefined): Fork | undefined {
  if (moves.length === 0) throw new Error('Somebody waits for what is no step of this scene.')
  const spent = before?.spent.filter((move) => isIndependent(move, before.chosen)) ?? []
  const chosen = findUnspent(moves, spent)
  return chosen && { moves, spent, chosen }
}

/** Two reads see the same, whichever comes first. */
function isIndependent(one: Move, other: Move): boolean {
  return one.step === 'read' && other.step === 'read'
}

function findUnspent(moves: readonly Move[], spent: readonly Move[]): Move | undefined {
  return moves.find(({ name }) => !spent.some((move) => move.name === name))
}

/** To the last fork from which another move leads on. @returns false where there is none. */
function turnBack(path: Fork[]): boolean {
  for (let fork = path.at(-1); fork !== undefined; fork = path.at(-1)) {
    fork.spent.push(fork.chosen)
    const next = findUnspent(fork.moves, fork.spent)
    if (next !== undefined) {
      fork.chosen = next
      return true
    }
    path.pop()
  }
  return false
}

function createGate(actors: number) {
  const waiting = new Map<string, Move & { readonly go: () => void }>()
  const turns = Array.from({ length: actors }, (_, actor): Turn => {
    let count = 0
    return (step) => {
      count += 1
      const name = `${actor + 1}.${count}`
      return new Promise((go) => void waiting.set(name, { name, step, go }))
    }
  })
  return {
    turns,
    moves: () => [...waiting.values()].map(({ name, step }) => ({ name, step })),
    let({ name }: Move) {
      const move = waiting.get(name)
      if (move === undefined) throw new Error(`${name} does not wait: the scene has changed.`)
      waiting.delete(name)
      move.go()
    },
  }
}

/** A tick queued by a promise's callback runs once no promise has anything left to run. */
function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
