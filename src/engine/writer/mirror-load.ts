/** mirror-load: the state of a bot from its main JSON file, or from the log where that fails. */
import { isUtf8 } from 'node:buffer';
import { basename, dirname, join } from 'node:path';
import { checkBackups } from '../checks/backups.js';
import type { Context } from '../context.js';
import { LogctlError } from '../errors.js';
import { readingContext, type WorldOptions } from './library-context.js';
import { openLog } from '../log.js';
import { readMirror } from '../checks/mirror.js';
import { scanLog } from '../checks/scan-log.js';
import { checkCut } from '../checks/store-checks.js';
import { readNow } from '../bytes/sync-read.js';
import { plural } from '../text.js';
import { eachText } from './value-texts.js';

export interface LoadMirrorOptions extends WorldOptions {
  /** The log; default `D/logs/NAME.log` for `D/NAME.json`. */
  log?: string;
}

/** A loaded state, and where it is from. */
export interface LoadedMirror {
  /** Has no prototype: `__proto__` and `constructor` are keys like others. */
  data: Record<string, unknown>;
  /** `none`: neither file had anything; `data` is empty. */
  source: 'mirror' | 'log' | 'none';
  /** The file that was read; null for none. */
  path: string | null;
  /** Why this one and not the one before it, in words; empty where the main file was sound. */
  reason: string;
}

/**
 * Loads the main JSON file; the log where that is missing, empty, torn or no object. Damage alone
 * never throws: what a damaged log still holds is loaded, and `reason` says so. Throws LogctlError
 * where the system refuses (permission, I/O): that says nothing about the data.
 */
export async function loadMirror(
  path: string,
  options: LoadMirrorOptions = {},
): Promise<LoadedMirror> {
  const context = readingContext(options);
  const whole = readWhole(context, path);
  if (whole !== undefined) return { data: whole, source: 'mirror', path, reason: '' };
  const data = Object.create(null) as LoadedMirror['data'];
  const fault = await loadMain(context, path, data);
  if (fault === undefined) return { data, source: 'mirror', path, reason: '' };
  const logPath = options.log ?? join(dirname(path), 'logs', `${basename(path, '.json')}.log`);
  const log = await loadLog(context, logPath, options, data);
  const reason = `${path} ${fault}; ${logPath} ${log.words}`;
  if (!log.found) return { data, source: 'none', path: null, reason };
  return { data, source: 'log', path: logPath, reason };
}

/** Longer files are read piece by piece: a string and what it holds take memory both. */
const wholeBytesMax = 128 << 20;

/** A sound main file, by the one call that is fastest; undefined for every other. */
function readWhole({ disk }: Context, path: string): LoadedMirror['data'] | undefined {
  const stat = disk.stat(path);
  if (stat?.kind !== 'file' || stat.size > wholeBytesMax) return undefined;
  const file = disk.open(path);
  try {
    const bytes = readNow(file, 0, stat.size);
    if (!isUtf8(bytes)) return undefined;
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.setPrototypeOf(value, null) as LoadedMirror['data'];
  } catch (error) {
    // Torn, empty, or begun with a byte order mark: the scan says which, and where.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    file.close();
  }
}

/** Fills `data`; gives why it could not. */
async function loadMain(
  context: Context,
  path: string,
  data: LoadedMirror['data'],
): Promise<string | undefined> {
  if (context.disk.stat(path) === undefined) return 'is missing';
  const { keydir, source, errorAt, bytes } = await readMirror(context, path);
  try {
    if (bytes === 0) return 'is empty';
    if (errorAt !== undefined) return `is no whole JSON object (byte ${errorAt})`;
    await eachText(keydir, [source], (key, text) => void (data[key] = JSON.parse(text)));
    return undefined;
  } finally {
    source.close();
  }
}

async function loadLog(
  context: Context,
  path: string,
  options: LoadMirrorOptions,
  data: LoadedMirror['data'],
): Promise<{ found: boolean; words: string }> {
  try {
    const log = await openLog(context, path, options);
    const scan = await scanLog(context, log);
    try {
      await checkCut(context, scan, () => checkBackups(context, log, options), scan.findings);
      await eachText(scan.keydir, scan.sources, (key, text) => {
        data[key] = JSON.parse(text);
      });
      const found = scan.lines > scan.damages.length;
      const [first] = scan.findings.all.filter(({ severity }) => severity === 'error');
      const damage = first === undefined ? '' : `, damaged: ${first.code}, ${first.message}`;
      return { found, words: `gave ${plural(scan.keydir.count, 'key')}${damage}` };
    } finally {
      scan.close();
    }
  } catch (error) {
    const isNone = error instanceof LogctlError && error.exitCode === 10;
    if (!isNone) throw error;
    return { found: false, words: `is no log either` };
  }
}
