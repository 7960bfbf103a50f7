/** writer-lock: the lock that writers of one log take for each batch. */
import type { WriteContext } from '../context.js';
import { LogctlError } from '../errors.js';
import { LockFile } from '../compaction/lock-file.js';
import { siblingsOf } from '../siblings.js';
import { shellQuote } from '../shell-quote.js';

export { freshMode, likeLog } from '../compaction/lock-file.js';

/** The writers' lock of the log at `path`. Its `hold` throws LogctlError `busy` after `waitMs`. */
export class WriterLock extends LockFile {
  constructor(context: WriteContext, path: string, waitMs: number) {
    const lockPath = siblingsOf(path).lock;
    const busy = () => {
      const message = `${path}: another process has held its writers' lock for ${waitMs} ms`;
      return new LogctlError('busy', message, `fuser -v ${shellQuote(lockPath)}`, { path });
    };
    super(context, { path, lockPath, waitMs, busy });
  }
}
