/** Mutants of what is done with backups: pruned, compressed, moved. */
import { mutants, type Mutant } from './mutant.js';

const backups = ['compact-log', 'gzip-backups', 'backup-dir', 'compact'];

/** Mutants of pruning, compressing and moving. */
export const backupMutants: readonly Mutant[] = [
  ...mutants(
    'compaction/prune.ts',
    backups,
    ['backup just made', 'if (path === newest) continue;', ''],
    ['prune count', 'i >= Math.max(1, backups); i--', 'i >= Math.max(0, backups - 1); i--'],
    ['late bytes at prune', 'if (late > 0) {', 'if (false) {'],
    [
      'swap that is not over',
      'if (disk.lstat(siblingsOf(log.path).intent) !== undefined) return [];',
      '',
    ],
  ),
  ...mutants(
    'compaction/late-backup.ts',
    backups,
    [
      'lines that were carried',
      'if (to <= folded || (await carries(',
      'if (to <= folded || !(await carries(',
    ],
    [
      'merged head',
      'if (folded === undefined || (head !== undefined && line !== head)) return late;',
      'if (folded === undefined) return late;',
    ],
  ),
  ...mutants(
    'compaction/quiet-backup.ts',
    backups,
    [
      'opened meanwhile',
      `const isOurs = !isSure || locks.leaseOf(backup) === 'read';`,
      'const isOurs = true;',
    ],
    [
      'changed meanwhile',
      'const isSame = now?.id === before.id && now.size === before.size;',
      'const isSame = true;',
    ],
    ['somebody has it open', `const isSure = answer === 'granted';`, 'const isSure = true;'],
  ),
  ...mutants(
    'compaction/backup-archive.ts',
    backups,
    [
      'moved backup read back',
      'prove: (temporary) => expectSame(context, source, temporary),',
      'prove: async () => undefined,',
    ],
    [
      'file that lies there already',
      '? expectSame(context, source, target)',
      '? Promise.resolve()',
    ],
    ['length of the copy', 'if (at !== source.stat().size) throw differs(path);', ''],
  ),
  ...mutants(
    'compaction/gzip-backups.ts',
    backups,
    [
      'gzip read back',
      'prove: (temporary) => expectSame(context, temporary, plain),',
      'prove: async () => undefined,',
    ],
    ['newest two stay plain', 'const plainKept = 2;', 'const plainKept = 0;'],
  ),
  ...mutants(
    'compaction/twin-file.ts',
    backups,
    [
      'twin synced',
      `    file.sync();
    await steps.prove`,
      '    await steps.prove',
    ],
    ['name of the twin synced', 'disk.syncDirectory(dirname(target));', ''],
    ['owner and mode of the twin', 'file.setMode(mode);', ''],
  ),
  ...mutants(
    'siblings.ts',
    ['compact-log', 'verify-backups', 'swap-recovery', 'recover-plan'],
    [
      'own inode as backup',
      `if (stat?.kind !== 'file' || stat.id === disk.stat(path)?.id) continue;`,
      `if (stat?.kind !== 'file') continue;`,
    ],
  ),
];
