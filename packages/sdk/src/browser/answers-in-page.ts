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
    return JSON.parse(page.document?.getElementById(id)?.textContent ?? '') as AnswerSheet
  } catch {
    return undefined
  }
}
