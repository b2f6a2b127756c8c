import { OpenFeature } from '@openfeature/web-sdk'
import { afterEach, beforeAll } from 'vitest'
import { contextSentences } from './context-sentences.ts'
import { webExclusions } from './exclusions.ts'
import { runScenarios } from './run-scenarios.ts'
import { sentences } from './sentences.ts'
import { askWebWith, closeWeb, openWeb } from './web-surface.ts'

const silent = () => {}

beforeAll(() => {
  // It says on the console what its events and errors say.
  OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
})

afterEach(closeWeb)

runScenarios({
  title: "the specification's scenarios over the web SDK",
  meanings: [...sentences, ...contextSentences(askWebWith)],
  exclusions: webExclusions,
  open: openWeb,
})
