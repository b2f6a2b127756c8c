import type { Row } from '../row.ts'
import { contestants } from './contestants.ts'
import { detection } from './detection.ts'
import { falseRollbacks } from './false-rollbacks.ts'
import { forecasts } from './forecasts.ts'
import { proofs } from './proofs.ts'
import { slowness } from './slowness.ts'

/** Every row of `npm run sim`, in the order of its tables. */
export const rows: readonly Row[] = [
  ...falseRollbacks,
  ...detection,
  ...slowness,
  ...proofs,
  ...contestants,
  ...forecasts,
]
