import type { Clock } from '@sluice/stores'
import { textOf } from '../alerts/text-of.ts'
import { within } from '../controller/deadline.ts'
import { type Finding, met, unmet } from './soak.ts'

/** What a check is told. */
export interface PromotionScene {
  readonly flag: string
  /** The environment that the change comes from, and the one it goes to. */
  readonly from: string
  readonly to: string
}

/** What a check answers: whether it passed, or why it did or did not. */
export type PromotionAnswer = boolean | { readonly isPassed: boolean; readonly because: string }

/** A check of the application's own, such as a smoke test. A throw, and an answer that comes too late, is a no. */
export type PromotionCheck = (scene: PromotionScene) => PromotionAnswer | Promise<PromotionAnswer>

/** Runs checks, all at once, each with a time limit. Never rejects. */
export async function runChecks(
  checks: ReadonlyMap<string, PromotionCheck>,
  scene: PromotionScene,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<ReadonlyMap<string, Finding>> {
  const findings = [...checks].map(async ([name, check]) => {
    return [name, await run(name, check, scene, clock, limitMs)] as const
  })
  return new Map(await Promise.all(findings))
}

async function run(
  name: string,
  check: PromotionCheck,
  scene: PromotionScene,
  clock: Clock,
  limitMs: number,
): Promise<Finding> {
  try {
    const answered = (async () => check(scene))()
    const answer = await within(clock, limitMs, answered, `check ${name}`)
    if (answer === true) return met('it passed')
    if (answer === false) return unmet('it failed')
    const { isPassed, because } = Object(answer) as Exclude<PromotionAnswer, boolean>
    if (isPassed === true) return met(String(because ?? 'it passed'))
    return unmet(isPassed === false ? String(because ?? 'it failed') : 'it gave no answer')
  } catch (error) {
    return unmet(textOf(error))
  }
}
