/**
 * The log, a live replica of it, and flags that follow it.
 *
 * @module
 */

export { type ArchivedCommit, type ExpiredCommit, isExpired, readArchive } from './archive.ts'
export { type Backup, backupLog, restoreLog, verifyBackup } from './backup.ts'
export {
  findHashFault,
  findLinkFault,
  genesis,
  genesisHash,
  type Head,
  hashCanonical,
  maxCommitBytes,
  sealCommit,
} from './chain.ts'
export { type Clock, systemClock, type TimerOptions } from './clock.ts'
export type { CommitOptions } from './committer.ts'
export { compactLog, type Droppable } from './compact-log.ts'
export {
  type CompactableStore,
  type Compaction,
  type CompactOptions,
  createCompactedError,
  createNotEmptyError,
  getCut,
} from './compaction.ts'
export { type DeclareFlagsOptions, declareFlags } from './declare-flags.ts'
export type { DefinitionListener, DefinitionSource } from './definition-source.ts'
export { parseDefinitionText } from './definition-text.ts'
export { type CommitDraft, checkDraft } from './draft.ts'
export { createEmitter, type Emitter } from './emitter.ts'
export type { ReplicaEvents, ReplicaStatus, ResetReason } from './events.ts'
export { checkExchange } from './exchange.ts'
export { type FileSourceOptions, fileSource } from './file-source.ts'
export type { FlagClient, FlagClientEvents, FlagClientStatus } from './flag-client.ts'
export type { ChangeNote, FlagCommands } from './flag-commands.ts'
export { exposureKey, flagKey, rolloutKey, segmentKey } from './flag-keys.ts'
export type { Entry, Fold, KeyedEntry, LastWrite } from './fold.ts'
export type { KeyMatch } from './history.ts'
export { type OpenFlagsOptions, openFlags } from './open-flags.ts'
export { createReplica } from './replica.ts'
export type { Replica, ReplicaOptions } from './replica-contract.ts'
export {
  applyRetention,
  defaultClassOf,
  defaultRetentionDays,
  type Retained,
  type RetentionClass,
  type RetentionDays,
  type RetentionOptions,
} from './retention.ts'
export { isCommit, isSnapshot } from './shape.ts'
export { checkSnapshot, findSnapshotFault, sealSnapshot } from './snapshot.ts'
export type { PastOptions } from './state-at.ts'
export {
  type Change,
  type Commit,
  type Exchange,
  refusalCodes,
  type SharedValue,
  type Snapshot,
  type SnapshotEntry,
  type Store,
} from './store.ts'
export {
  type BrokenLog,
  type LogCheck,
  type SoundLog,
  type VerifyOptions,
  verifyLog,
} from './verify-log.ts'
