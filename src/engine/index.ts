/** The log engine. Subcommands and library users import from here and nowhere deeper. */
export { inspect } from './inspect.js';
export { listEntries } from './entries.js';
export { verify } from './verify.js';
export { replay } from './replay.js';
export { writeOutput } from './apply.js';
export { nodeDisk, type Disk, type DiskReader, type FileStat, type SourceFile } from './disk.js';
export { EXIT, LogctlError, worstExit, type ErrorCode, type ExitCode } from './errors.js';
export { FINDINGS, type Finding, type FindingCode, type Severity } from './findings.js';
export type * from './context.js';
export type * from './model.js';
