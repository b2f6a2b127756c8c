import type { Begun } from './shell.ts'

/** Waits until a server answers, and fails where it ends instead. */
export async function answering(begun: Begun, url: string): Promise<void> {
  let said = ''
  for (const stream of [begun.stdout, begun.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000)
    })
  }
  while (begun.exitCode === null) {
    const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined)
    if (answer !== undefined) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`The server ended before it answered: ${said}`)
}
