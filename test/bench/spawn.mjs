import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Runs a script of this folder in a process of its own and reads the JSON on its last line.
 *
 * @returns What it printed, or `{ absent }` where it asked for something that is not built yet.
 * @throws Error with what it wrote to standard error.
 */
export async function runScript(script, parameters = {}, nodeOptions = []) {
  const { code, out, err } = await runNode([
    ...nodeOptions,
    fileURLToPath(new URL(script, import.meta.url)),
    JSON.stringify(parameters),
  ])
  if (code === 0) return JSON.parse(out.trimEnd().split('\n').at(-1))
  if (isAbsence(err)) return { absent: 'not built yet' }
  throw new Error(`${script} ${JSON.stringify(parameters)}\n${err.trim()}`)
}

/** Runs Node with arguments, production settings and this folder as working directory. */
export async function runNode(args) {
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  )
  return { code, out, err }
}

/** Node's words where a package of ours has no build, or a build without the name asked for. */
function isAbsence(err) {
  return (
    /Cannot find (module|package) '[^']*(@sluice|packages)\//.test(err) ||
    /'@sluice\/[^']*' does not provide an export/.test(err)
  )
}
