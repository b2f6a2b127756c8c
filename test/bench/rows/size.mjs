import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { boundedRow } from './bounds.mjs'

/** 5 kB: what a page is asked to carry for evaluation. */
const mostBytes = 5000

/** The evaluator as a browser gets it: bundled, minified, compressed. */
export async function sizeRows() {
  const title = '@sluice/core createFlagSet for a browser, gzip'
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: "export { createFlagSet } from '@sluice/core'",
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
      logLevel: 'silent',
    })
    const [file] = outputFiles
    const value = gzipSync(file.contents, { level: 9 }).length
    const note = `${file.contents.length} B minified`
    return [boundedRow(title, { value, note }, 'B', mostBytes, '<= 5,000 B')]
  } catch (error) {
    const text = String(error.message)
    if (!/Could not resolve|No matching export/.test(text)) throw error
    return [boundedRow(title, { absent: 'not built yet' }, 'B', mostBytes, '<= 5,000 B')]
  }
}
