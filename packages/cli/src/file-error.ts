import { isSluiceError, SluiceError } from '@sluice/core'

const remedies: { readonly [code: string]: string } = {
  ENOENT: 'Name one in a folder that is there.',
  ENOTDIR: 'Name one in a folder that is there.',
  EISDIR: 'That is a folder: name a file in it.',
  EACCES: 'Name one that you may read and write, or ask for the right to.',
  EPERM: 'Name one that you may read and write, or ask for the right to.',
  EROFS: 'Nothing can be written there: name a file elsewhere.',
  ENOSPC: 'Make room there, or name a file on another disk.',
  EDQUOT: 'Make room there, or name a file on another disk.',
}

/** What a file that was named cannot be used for, with what to name instead; anything else as it is. */
export function toFileError(thrown: unknown): unknown {
  if (isSluiceError(thrown) || !(thrown instanceof Error)) return thrown
  const { code = '', path, syscall, message } = thrown as NodeJS.ErrnoException
  if (syscall === 'connect') return thrown
  const remedy = Object.hasOwn(remedies, code) ? remedies[code] : undefined
  if (remedy === undefined) return thrown
  const what = `${path ?? 'The file'} cannot be used: ${message}`
  return new SluiceError('file_unusable', `${what}\n${remedy}`, { cause: thrown })
}
