import { isSluiceError, SluiceError } from '@sluice/core'

/**
 * The file system's error as one of ours, with the remedy.
 *
 * @param doing What was tried, for the message: `write revision 7`.
 */
export function toFileError(cause: unknown, directory: string, doing: string): SluiceError {
  if (isSluiceError(cause)) return cause
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown'
  const [code, remedy] = remedies[errno] ?? ['store_failed', 'See the cause.']
  return new SluiceError(code, `Could not ${doing} in ${directory} (${errno}). ${remedy}`, {
    cause,
  })
}

/** Nothing was written and nobody else is to blame: the name is simply not there. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
}

const missing = [
  'store_missing',
  'Create the folder, or open the store with { create: true }. If it is on a volume, mount it.',
] as const

const full = [
  'store_full',
  'Free space or inodes on that disk, or raise the quota; compaction drops commits that a snapshot holds.',
] as const

const readOnly = [
  'store_read_only',
  'Let this process write to the folder: check its owner, its mode and how its volume is mounted.',
] as const

const remedies: { readonly [errno: string]: readonly [string, string] } = {
  ENOENT: missing,
  ENOTDIR: ['store_missing', 'That path is a file: name a folder.'],
  ENOSPC: full,
  EDQUOT: full,
  EROFS: readOnly,
  EACCES: readOnly,
  EPERM: readOnly,
}

const unsupportedLink = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV'])

/** {@link toFileError} for `link`, which some file systems do not have. */
export function toLinkError(cause: unknown, directory: string, doing: string): SluiceError {
  const errno = (cause as NodeJS.ErrnoException | undefined)?.code ?? ''
  if (!unsupportedLink.has(errno)) return toFileError(cause, directory, doing)
  return new SluiceError(
    'store_unsupported',
    `Could not ${doing} in ${directory} (${errno}). Its file system has no hard links, on which the ` +
      'file store rests: use a local disk (ext4, xfs, btrfs, zfs, APFS, NTFS).',
    { cause },
  )
}
