/** reading: the engine for who only reads. A part of index.ts, which loads no code that writes. */
export { inspect } from './inspect.js';
export { listEntries } from './entries.js';
export { verify } from './verify.js';
export { replay } from './replay.js';
export { findHolders } from './locks/holders.js';
export { bugOf, verdictOf } from './report.js';
export { shellQuote } from './shell-quote.js';
export { thousands } from './text.js';
export { globMatcher } from './glob.js';
export { isSideFile } from './siblings.js';
export { nodeDisk } from './disk.js';
export { EXIT, LogctlError, worstExit } from './errors.js';
export { FINDINGS } from './findings.js';
