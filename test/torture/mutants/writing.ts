/** Mutants of the library that writes, of result files, and of who follows and reads a log. */
import { mutants, type Mutant } from './mutant.js';

const writer = ['writer', 'writer-crash', 'writer-open', 'writer-order', 'group-commit'];

/** Mutants of the writer and its main file, of following and of reading. */
export const writingMutants: readonly Mutant[] = [
  ...mutants(
    'apply.ts',
    ['replay-at', 'cli-recover-options', 'mirror-keeper', 'mirror-writer', 'recover', 'storage'],
    ['result synced before its rename', 'await syncFile(file);', ''],
    ['name of a result synced', 'disk.syncDirectory(directory);', ''],
  ),
  ...mutants(
    'writer/mirror-keeper.ts',
    ['mirror-keeper', 'mirror-load', 'writer-crash'],
    [
      'log synced before the main file',
      'if (this.options.syncFirst) await this.appender.sync();',
      '',
    ],
    ['leftovers of a killed writing', 'removeLeftovers(log, path);', ''],
  ),
  ...mutants(
    'writer/writer-log.ts',
    ['writer-moved', 'writer-open', 'writer-crash', 'writer'],
    ['numbers that go on', 'this.position.seq = Math.max(this.position.seq, before.seq);', ''],
    [
      'rewritten in place',
      'if (inPlace && (scan.lines === 0 || scan.damages.length > 0)) throw rewritten(path);',
      '',
      ['writer-process', 'append-log-files'],
    ],
    [
      'mark before the place',
      'size >= position.size && (await this.hasMark(source))',
      'size >= position.size',
      ['writer-process', 'append-log-files', 'example-bot'],
    ],
    [
      'older values',
      'this.isBehind = version !== undefined && from < version && !isEmpty;',
      'this.isBehind = false;',
      ['value-version'],
    ],
  ),
  ...mutants(
    'writer/writer-moved.ts',
    ['writer-moved'],
    [
      'bytes at the moved place',
      ': carried >= known.mark.length && hasBytes(source, offset, known.mark);',
      ': true;',
    ],
    ['number at the moved place', '? writing.readStamp(text)?.seq === known.seq', '? true'],
  ),
  ...mutants(
    'writer/writer-append.ts',
    writer,
    ['sync in immediate mode', 'if (this.options.sync) await this.makeDurable(file);', ''],
    [
      'directory of a new log synced',
      'this.log.context.disk.syncDirectory(dirname(this.log.path));',
      '',
    ],
    [
      'others that appended in between',
      'if (log.advance(bytes, file.stat(), log.position.seq + entries, entries)) {',
      'log.advance(bytes, file.stat(), log.position.seq + entries, entries);\n    {',
    ],
    [
      'newline after an unended line',
      `let text = position.unended ? '\\n' : '';`,
      `let text = '';`,
    ],
  ),
  ...mutants(
    'writer/group-commit.ts',
    writer,
    ['failed group', 'for (const { settle } of group) settle?.(error);', ''],
    [
      'failure for later calls',
      'if (this.failure !== undefined) return Promise.reject(this.failure.error);',
      '',
    ],
  ),
  ...mutants(
    'writer/writer-open.ts',
    [...writer, 'swap-recovery'],
    [
      'interrupted compaction at opening',
      'recovered.compaction = await finishInterrupted(context, path, this.lock);',
      '',
    ],
    ['symbolic link', `if (context.disk.lstat(path)?.kind === 'symlink') throw isLink(path);`, ''],
  ),
  ...mutants(
    'tail/tail-switch.ts',
    ['tail', 'tail-random'],
    [
      'folded',
      'const folded = head.folded ?? Math.max(0, to - lookBackBytes);',
      'const folded = Math.max(0, to - lookBackBytes);',
    ],
    [
      'notes that follow the head',
      'if (head.notesFollow) await addNotes(',
      'if (false) await addNotes(',
    ],
  ),
  ...mutants(
    'walk-guard.ts',
    ['moving-files', 'truncation', 'storage'],
    ['file that shrank', 'if (size < position) this.shrank();', ''],
    [
      'file rewritten while it is read',
      'if (!this.before.equals(await ends(this.source, this.total))) {',
      'if (false) {',
    ],
  ),
  ...mutants(
    'output-guard.ts',
    ['replay-at', 'cli', 'cli-recover-options', 'storage', 'read-only', 'cli-exit-codes'],
    [
      'log as a result file',
      'if (!isRead && !isKeptFile(path) && !(await holdsLog(context, path))) return;',
      'return;',
    ],
  ),
  ...mutants(
    'checks/sequence-rule.ts',
    ['storage', 'damage', 'kernel', 'writer', 'batch', 'batch-tally'],
    ['gap', 'if (seq > last + 1) {', 'if (false) {'],
    ['repeat', '} else if (seq <= last) {', '} else if (false) {'],
  ),
];
