import { OpenFeature } from '@openfeature/server-sdk'
import { afterEach, beforeAll } from 'vitest'
import { contextSentences } from './context-sentences.ts'
import { serverExclusions } from './exclusions.ts'
import { runScenarios } from './run-scenarios.ts'
import { sentences } from './sentences.ts'
import { askServerWith } from './server-contexts.ts'
import { closeServers, openServer } from './server-surface.ts'

const silent = () => {}

beforeAll(() => {
  // It says on the console what its events and errors say.
  OpenFeature.setLogger({ error: silent, warn: silent, info: silent, debug: silent })
})

afterEach(closeServers)

runScenarios({
  title: "the specification's scenarios over the server SDK",
  meanings: [...sentences, ...contextSentences(askServerWith)],
  exclusions: serverExclusions,
  open: openServer,
})
