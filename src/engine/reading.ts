/** reading: the engine for who only reads. A part of index.ts, which loads no code that writes. */
export { inspect } from './inspect.js';
export { listEntries } from './entries.js';
export { verify } from './verify.js';
export { replay } from './replay.js';
export { findHolders } from './locks/holders.js';
export { verdictOf } from './report.js';
export { nodeDisk, type Disk, type DiskReader, type FileStat, type SourceFile } from './disk.js';
export { EXIT, LogctlError, worstExit, type ErrorCode, type ExitCode } from './errors.js';
export { FINDINGS, type Finding, type FindingCode, type Severity } from './findings.js';
