import { execFile } from 'node:child_process'
import { userInfo } from 'node:os'
import { promisify } from 'node:util'
import type { Context } from './context.ts'
import { usageError } from './usage-error.ts'

/**
 * Who is named in the log: `--as`, else `SLUICE_ACTOR`, else git's user.email or user.name, else the
 * user of the operating system. It is what somebody says of themselves, not a proof.
 */
export async function findActor({ world, globals }: Pick<Context, 'world' | 'globals'>) {
  const { env, cwd } = world
  return (
    globals.as ||
    env.SLUICE_ACTOR ||
    (await askGit('user.email', cwd, env)) ||
    (await askGit('user.name', cwd, env)) ||
    systemUser()
  )
}

/** A container may run as a number that has no name. */
function systemUser(): string {
  try {
    return userInfo().username
  } catch {
    throw usageError('Who are you? Neither git nor the system knows a name.', 'Add --as NAME')
  }
}

async function askGit(
  name: string,
  cwd: string,
  env: { readonly [name: string]: string | undefined },
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['config', name], { cwd, env })
    return stdout.trim() || undefined
  } catch {
    // No git, or nothing set: the next one knows.
    return undefined
  }
}
