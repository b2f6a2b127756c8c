import type { AnswerSheet } from '../answer-sheet.ts'
import { page } from './platform.ts'

/**
 * The sheet that `sheetElement` rendered into this page.
 *
 * @param id The element's. Default `sluice-answers`.
 * @returns undefined where there is none. Never throws.
 */
export function answersInPage(id = 'sluice-answers'): AnswerSheet | undefined {
  try {
    // A visitor's text may have an element with this id, too, and no script.
    const element = page.document?.querySelector(`script[id="${id}"]`)
    return JSON.parse(element?.textContent ?? '') as AnswerSheet
  } catch {
    return undefined
  }
}
