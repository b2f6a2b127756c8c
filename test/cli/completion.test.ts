import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from '@lydell/node-pty'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleSluice } from './bundle-sluice.ts'

/** A flag's key may be any text: one that a shell would run, one that it would split, one with a space. */
const hostileKey = '$(touch pwned)`touch pwned`'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-completion-'))
  await mkdir(join(folder, 'log'))
  await mkdir(join(folder, 'bin'))
  const program = await bundleSluice()
  await writeFile(
    join(folder, 'bin/sluice'),
    `#!/bin/sh\nSLUICE_TEST_AT=2026-03-02T09:00:00Z exec "${process.execPath}" "${program}" "$@"\n`,
  )
  await chmod(join(folder, 'bin/sluice'), 0o755)
  const definitions = {
    newCheckout: { description: 'The checkout: on one page' },
    newCart: {},
    'shop:newBanner': {},
    'shop:newFooter': {},
    [hostileKey]: {},
    'two words': {},
  }
  await writeFile(
    join(folder, 'sluice.config.json'),
    JSON.stringify({ store: './log', definitions }),
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const env = () => ({ PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder })

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0
}

/** What bash offers behind a line, as it offers it: by the function that the script registers. */
function completeInBash(line: string): string[] {
  const script = `
source <(sluice completion bash)
COMP_LINE=$1
COMP_POINT=\${#1}
eval "$(complete -p sluice | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"
printf '%s\\n' "\${COMPREPLY[@]}"`
  const options = { cwd: folder, env: env(), encoding: 'utf8' } as const
  const out = execFileSync('bash', ['--norc', '-c', script, 'bash', line], options)
  return out.split('\n').filter((each) => each !== '')
}

describe.skipIf(!isInstalled('bash'))('completion in bash', () => {
  it.each([
    ['sluice ki', ['kill']],
    ['sluice rollout st', ['start', 'status']],
    ['sluice log --fo', ['--follow']],
    ['sluice --env production set newC', ['newCheckout', 'newCart']],
    ['sluice rollout start newCh', ['newCheckout']],
    ['sluice --env ', []],
    ['sluice completion ', ['bash', 'zsh', 'fish']],
    ['sluice kill newCheckout ', []],
    // What stands before the colon is on the line already: bash replaces what is behind it.
    ['sluice kill shop:new', ['newBanner', 'newFooter']],
    ['sluice kill two', ['two\\ words']],
  ])('%s', (line, offered) => {
    expect(completeInBash(line)).toEqual(offered)
  })

  it('is what Tab does in a terminal', async () => {
    const shell = spawn('bash', ['--norc', '--noprofile', '-i'], {
      ...{ cwd: folder, cols: 140, rows: 40 },
      env: { ...env(), PS1: '> ', TERM: 'dumb', INPUTRC: '/dev/null' },
    })
    let screen = ''
    const shows = (wanted: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!screen.includes(wanted)) return
          listening.dispose()
          resolve()
        }
        const listening = shell.onData((data) => {
          screen += data
          look()
        })
        look()
      })
    shell.write('source <(sluice completion bash); echo rea"dy"\r')
    await shows('ready')
    shell.write('sluice roll\t')
    await shows('sluice rollout ')
    shell.write('\u0015sluice kill shop:newB\t')
    await shows('sluice kill shop:newBanner ')
    shell.write('--reas\t')
    await shows('shop:newBanner --reason ')
    shell.kill('SIGKILL')
  })

  it('runs nothing that is called like a command', async () => {
    const offered = completeInBash('sluice kill ')
    expect(offered).toContain('\\$\\(touch\\ pwned\\)\\`touch\\ pwned\\`')
    expect(await readdir(folder)).not.toContain('pwned')
  })

  it('is silent where there is no store', () => {
    expect(completeInBash('sluice --config nowhere.json kill ')).toEqual([])
  })
})

describe.skipIf(!isInstalled('zsh'))('completion in zsh (apt-get install zsh)', () => {
  it('is a script that zsh takes, and offers what begins so', () => {
    const script = `
compdef() { : }
_describe() { print -rl -- "\${offers[@]}" }
_files() { : }
eval "$(sluice completion zsh)"
words=(sluice kill newCh) CURRENT=3
_sluice`
    const options = { cwd: folder, env: env(), encoding: 'utf8' } as const
    const out = execFileSync('zsh', ['-f', '-c', script], options)
    expect(out).toBe('newCheckout:The checkout: on one page\n')
  })
})

describe.skipIf(!isInstalled('fish'))('completion in fish (apt-get install fish)', () => {
  it('is a script that fish takes, and offers what begins so', () => {
    const script = 'sluice completion fish | source; complete -C "sluice kill newCh"'
    const options = { cwd: folder, env: env(), encoding: 'utf8' } as const
    const out = execFileSync('fish', ['--no-config', '-c', script], options)
    expect(out).toBe('newCheckout\tThe checkout: on one page\n')
  })
})
