/** The log engine. Subcommands and library users import from here and nowhere deeper. */
export { inspect, listEntries, replay, verify } from './reading.js';
export { EXIT, FINDINGS, findHolders, LogctlError, verdictOf, worstExit } from './reading.js';
export {
  nodeDisk,
  type Disk,
  type DiskReader,
  type FileStat,
  type SourceFile,
  type SyncSource,
} from './disk.js';
export type { ErrorCode, ExitCode } from './errors.js';
export type { Finding, FindingCode, Severity } from './findings.js';
export { compact } from './compact.js';
export { readMetrics, writeMetrics, type MetricsRun } from './metrics/metrics.js';
export { METRICS } from './metrics/metrics-text.js';
export { benchFsync } from './bench-fsync.js';
export { recover, undoRecovery, type Approve } from './recover.js';
export { parseSavedPlan, savedPlan } from './recovery/saved-plan.js';
export { privateMode, writeOutput } from './apply.js';
export { modeOfValues } from './log.js';
export { refuseLogAsOutput } from './output-guard.js';
export { loadKernelLocks } from './kernel-locks.js';
export type * from './bench-fsync/bench-fsync-model.js';
export type * from './context.js';
export type * from './model.js';
export type { LogPlan, RegionPlan, SavedPlan } from './recovery/plan.js';
export { version } from '../version.js';
export { openLogHandle as openLog } from './writer/writer-open.js';
export { readEntries, readObjects, readValue, streamState } from './writer/library-readers.js';
export type { EntryQuery, LogEntry, StateOptions, Time } from './writer/library-readers.js';
export { memoryDisk, type MemoryDisk } from './memory-disk.js';
export { Batch } from './writer/batch.js';
export type * from './library.js';
export { follow, tail } from './tail.js';
export type * from './tail/tail-events.js';
export { loadMirror, type LoadedMirror, type LoadMirrorOptions } from './writer/mirror-load.js';
export { CompactionScheduler } from './scheduler.js';
export type { CompactionOutcome, SchedulerEvents, SchedulerOptions } from './scheduler.js';
export { compactOwn, type OwnCompactOptions } from './compaction/compact-own.js';
export { makeDirectories } from './directories.js';
