/** adopt: a log that begins with what its main JSON file holds. */
import { dirname, join } from 'node:path';
import type { WriteContext } from '../context.js';
import type { Dialect } from '../dialects/dialect.js';
import { syncFile } from '../disk.js';
import { framed, writtenString } from './entry-text.js';
import { LogctlError } from '../errors.js';
import { withoutSpacing } from '../checks/json-equal.js';
import { readMirror } from '../checks/mirror.js';
import { siblingsOf } from '../siblings.js';
import { SummedSink } from '../compaction/summed-sink.js';
import { eachText } from './value-texts.js';
import { likeLog } from './writer-lock.js';

export interface Adoption {
  /** The log to be made. The caller holds its lock and has seen that it is missing. */
  path: string;
  /** The main JSON file. */
  mirror: string;
  dialect: Dialect;
  version?: number;
}

/**
 * Makes a log whose first line is a checkpoint of the main file: temporary, fsync, link, fsync of
 * the directory, so that there is a whole checkpoint or no log. Throws LogctlError `damaged` where
 * the main file is no JSON object: what it held must not be forgotten over an empty log.
 */
export async function adoptMirror(context: WriteContext, adoption: Adoption): Promise<void> {
  const { disk } = context;
  const { path, mirror: mirrorPath, dialect, version } = adoption;
  const mirror = await readMirror(context, mirrorPath);
  const { directory, temporaryPrefix } = siblingsOf(path);
  const temporary = join(directory, `${temporaryPrefix}${context.random()}`);
  try {
    if (mirror.errorAt !== undefined) throw torn(path, mirrorPath, mirror.errorAt);
    const file = disk.create(temporary);
    try {
      likeLog(file, mirror.source.stat());
      const sum = new SummedSink((bytes) => file.append(bytes));
      const { before, behind } = dialect.writes!.checkpoint({ now: context.now(), version });
      await sum.write(before);
      let comma = '';
      await eachText(mirror.keydir, [mirror.source], async (key, text) => {
        const plain = Buffer.from(withoutSpacing(Buffer.from(text))).toString('utf8');
        await sum.write(`${comma}${writtenString(key)}:${framed(plain)}`);
        comma = ',';
      });
      await sum.write(behind);
      await sum.end();
      await syncFile(file);
      disk.link(temporary, path);
      disk.syncDirectory(dirname(path));
    } finally {
      file.close();
      disk.unlink(temporary);
    }
  } finally {
    mirror.source.close();
  }
}

function torn(path: string, mirror: string, errorAt: number): LogctlError {
  const message = `${mirror} is no whole JSON object (byte ${errorAt}), and ${path} is missing`;
  const hint = `restore one of them; or move ${mirror} away and start with nothing`;
  return new LogctlError('damaged', message, hint, { path: mirror });
}
