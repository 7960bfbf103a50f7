/** Mutants of the swap: what guards a log against other processes, kills and disks that lie. */
import { mutants, type Mutant } from './mutant.js';

const swap = ['swap', 'swap-crash', 'swap-recovery'];

/** Mutants of compaction, all but what is done with backups. */
export const compactionMutants: readonly Mutant[] = [
  ...mutants(
    'compaction/swap.ts',
    swap,
    [
      'directory sync after the rename',
      `durable.
    disk.syncDirectory(this.directory);`,
      'durable.',
    ],
    ['sync of the carried tail', 'if (!isSynced) fresh.sync();', ''],
    ['sync of the new file', 'await syncFile(fresh);', ''],
    [
      'prefix ends',
      'if (Buffer.compare(this.made.ends, prefixEnds(old, prefixLength)) === 0) return;',
      'return;',
    ],
    [
      'path compare',
      'if (this.context.disk.lstat(path)?.id !== this.stat.id) throw',
      'if (false) throw',
    ],
    [
      'kept link compare',
      'if (context.disk.lstat(this.kept)?.id !== stat.id) throw',
      'if (false) throw',
    ],
    ['fence', 'this.job.fence?.();', '', ['jsonldb-lock', 'jsonldb']],
    ['proof of the head', 'await job.proveHead(fresh, this.headLength);', '', ['compact-proof']],
    [
      'line that went on',
      'if (endsInLine === true && old.stat().size > prefixLength) throw',
      'if (false) throw',
      ['recover-live', 'recover-plan', 'recover'],
    ],
    ['owner and mode', 'fresh.setMode(stat.mode);', '', ['compact-log']],
    ['late drain', 'return leases.drain(carrier);', 'return true;'],
    ['intent before the link', 'this.writeIntent();\n', '\n'],
    [
      'previous intent after an undone merge',
      'else writeIntent(this.context, path, previous, this.stat);',
      '',
    ],
  ),
  ...mutants(
    'compaction/swap-carry.ts',
    swap,
    [
      'old file that shrank',
      `if (size < this.position) throw rewritten(this.old.path, 'shrank');`,
      '',
    ],
    [
      'unended whole entry',
      'const carried = isWholeEntry(this.old, offset, size);',
      'const carried = false;',
    ],
    ['newline of a carried rest', 'this.append(Uint8Array.of(newline));', ''],
  ),
  ...mutants(
    'compaction/swap-leases.ts',
    swap,
    ['grace after the swap', 'const looksAfter = 20;', 'const looksAfter = 0;'],
    [
      'lease on the new file',
      `if (works && locks.lease(fresh, 'write', freshLeaseMs) !== 'granted') {`,
      'if (false) {',
    ],
    [
      'lines of the drain synced',
      `if (carrier.carryLines()) fresh.sync();
    } while`,
      `carrier.carryLines();
    } while`,
    ],
    ['drain once', '} while (this.isOpenedAgain);', '} while (false);'],
    ['process that was stopped', 'return this.pastMs > heldMsMax;', 'return false;'],
  ),
  ...mutants(
    'compaction/intent.ts',
    [...swap, 'compact-log'],
    ['names that lead elsewhere', 'basename(one.keptAs!) === one.keptAs &&', ''],
    [
      'intent synced',
      '    file.append(Buffer.from(`${JSON.stringify(intent)}\\n`));\n    file.sync();',
      '    file.append(Buffer.from(`${JSON.stringify(intent)}\\n`));',
    ],
    ['intent of another format', 'one.format === 1 &&', ''],
    [
      'sizes of an intent',
      'sizes.every((size) => Number.isSafeInteger(size) && size! >= 0) &&',
      '',
    ],
  ),
  ...mutants(
    'compaction/swap-recovery.ts',
    swap,
    [
      'inode used again',
      'return isIt && endsHash(log, intent.headLength) === intent.headEnds;',
      'return isIt;',
    ],
    [
      'third party',
      'if (log === undefined || !isSwapped(context, path, intent)) throw replaced(path, intent);',
      '',
    ],
    [
      'kept file by its inode',
      `if (stat?.kind === 'file' && inodeOf(stat) === intent.oldInode) return disk.open(kept);`,
      `if (stat?.kind === 'file') return disk.open(kept);`,
    ],
    ['wait for late writers', 'await waitUntilQuiet(context, old, options);', ''],
    [
      'merge proven',
      'proveHead: async (temporary, length) => provePieces(pieces, temporary, length),',
      'proveHead: async () => undefined,',
    ],
  ),
  ...mutants(
    'compaction/swap-late.ts',
    swap,
    ['torn copies', 'if (lengthMax <= 0) return 0;', 'return 0;'],
    [
      'lines cut in late merge',
      'const keep = exact === wanted.length ? exact : wanted.lineStart(exact);',
      'const keep = exact;',
    ],
  ),
  ...mutants(
    'compaction/swap-refusals.ts',
    ['compact-log', 'swap', 'kernel-locks'],
    ['hard links', 'if (named.links > 1) {', 'if (false) {'],
    ['open directories', 'if (!isOpen && isTheirs) return;', 'return;'],
    ['symbolic link', `if (named?.kind === 'symlink') {`, 'if (false) {'],
    ['shared filesystem', 'if (shared === true && !offline) {', 'if (false) {'],
    ['attributes', 'if (kept.length === 0) return;', 'return;'],
  ),
  ...mutants(
    'compaction/lock-file.ts',
    ['kernel-locks', 'compact-log', 'writer-open', 'writer-process'],
    [
      'lock without a name',
      'if (disk.stat(lockPath)?.id === file.stat().id) return file;',
      'return file;',
    ],
  ),
  ...mutants(
    'compaction/compact-log.ts',
    ['compact-proof', 'compact-log', 'compact'],
    ['documented state proven', 'after.documented === before.documented &&', ''],
    ['upstream state proven', 'after.upstream === before.upstream &&', ''],
    ['highest number proven', 'scan.counter.lastSeq === folded.scan.counter.lastSeq &&', ''],
    ['free space', 'if (needed <= free) return;', 'return;'],
    ['number in the checkpoint', 'seq: lastSeq > 0 ? lastSeq : undefined,', 'seq: undefined,'],
    [
      'interrupted run finished first',
      'const { did, mergedBytes } = await finishCompaction(context, log.path, options);',
      `const { did, mergedBytes } = { did: 'nothing', mergedBytes: 0 };`,
      swap,
    ],
  ),
];
