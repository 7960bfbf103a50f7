/** Mutants of recover: what is proven, compared and counted before anything is taken away. */
import { mutants, type Mutant } from './mutant.js';

const recover = ['recover', 'recover-plan', 'recover-damage', 'recover-next', 'recover-crash'];
const rounds = [...recover, 'recover-rounds'];

/** Mutants of planning, carrying out and undoing. */
export const recoveryMutants: readonly Mutant[] = [
  ...mutants(
    'recovery/recover-undo.ts',
    [...recover, 'recover-circle', 'cli-recover'],
    [
      'log that is not what the recovery made',
      'if (head?.sha256 !== recovered.sha256) {',
      'if (false) {',
    ],
    ['log that went on', 'if (behind.stat().size === 0) return;', 'return;'],
    [
      'hash of the original',
      'if (head !== receipt.original!.sha256) throw notTheOriginal(source.path);',
      '',
    ],
  ),
  ...mutants(
    'recovery/recover-evidence.ts',
    [...recover, 'cli-recover'],
    [
      'names in a receipt',
      `return basename(name) === name && !['', '.', '..'].includes(name);`,
      'return true;',
    ],
    [
      'quarantine synced',
      `      size += line.length;
    }
    file.sync();`,
      `      size += line.length;
    }`,
    ],
    [
      'fresh names of evidence',
      'if (names.every((name) => disk.lstat(name) === undefined)) return stamp;',
      'return stamp;',
    ],
  ),
  ...mutants(
    'recovery/recover-apply.ts',
    rounds,
    [
      'planned state proven',
      'assert(isSound && hash === plan.state.hashAfter, words);',
      'assert(isSound, words);',
    ],
    [
      'planned file sound',
      'assert(isSound && hash === plan.state.hashAfter, words);',
      'assert(hash === plan.state.hashAfter, words);',
    ],
    ['basis', 'if (now?.sha256 !== sha256) throw changed(path);', ''],
    [
      'plan that ends inside a line',
      'const mayGrow = isLog && (await endsLine(context, path, size));',
      'const mayGrow = isLog;',
    ],
    [
      'log that came meanwhile',
      'if (plan.missing && context.disk.lstat(plan.path) !== undefined) throw changed(plan.path);',
      '',
    ],
    ['partition asserted', 'assert(fault === undefined, `byte', 'assert(true, `byte'],
  ),
  ...mutants(
    'recovery/part-list.ts',
    rounds,
    [
      'partition up to the end',
      'return at === size ? undefined : Math.min(at, size);',
      'return undefined;',
    ],
    [
      'mended lines are inserted',
      'const isKept = part.part',
      'const isKept = part.part !== undefined || part.part',
    ],
  ),
  ...mutants(
    'recovery/recover-mirror-write.ts',
    [
      'recover',
      'recover-damage',
      'recover-crash',
      'cli-recover-options',
      'verify-mirror',
      'recover-circle',
    ],
    [
      'main file changed since the plan',
      'if (now?.sha256 !== planned?.sha256) throw changed(path);',
      '',
    ],
    ['main file proven', 'await prove(context, scan, temporary);', ''],
    ['old main file kept', 'if (original !== null) disk.link(path, original);', ''],
    [
      'main file synced',
      `    file.sync();
    await prove`,
      '    await prove',
    ],
  ),
  ...mutants(
    'recovery/evidence-move.ts',
    [...recover, 'cli-recover-options'],
    ['moved evidence compared', 'if (before.sha256 !== after.sha256) {', 'if (false) {'],
    ['moved evidence synced', 'target.sync();', ''],
  ),
  ...mutants(
    'recovery/recover-plan.ts',
    rounds,
    [
      'torn end that is followed',
      `return (code === 'torn-tail' || code === 'nul-tail') && !damage.followed;`,
      `return code === 'torn-tail' || code === 'nul-tail';`,
    ],
    ['policy strict', `if (this.policy === 'strict') {`, 'if (false) {'],
    [
      'policy tail',
      `if (policy === 'tail' && blocking !== undefined) return this.refuseTail(blocking);`,
      '',
    ],
  ),
  ...mutants(
    'recovery/recover-finish.ts',
    rounds,
    ['budget', 'plan.entriesLost > plan.budget;', 'false;'],
    ['files a plan rests on', 'if (source !== undefined) paths.add(source);', ''],
  ),
  ...mutants(
    'recovery/fills.ts',
    rounds,
    [
      'line that is twice in the backup',
      'return sighting?.copies === 1 ? sighting.offset : undefined;',
      'return sighting?.offset;',
    ],
    [
      'fill that lacks a whole entry',
      'return hasAll ? measured(source, from, to) : undefined;',
      'return measured(source, from, to);',
    ],
  ),
  ...mutants('recovery/recover-fills.ts', rounds, [
    'superseded key',
    'if (key === undefined || replaced || superseded.has(key)) return undefined;',
    'if (key === undefined || replaced) return undefined;',
  ]),
  ...mutants(
    'damage/unfinished-batch.ts',
    ['batch', 'recover-damage', 'writer-open', 'compact-log'],
    ['half batch at the end', 'if (here >= of) return undefined;', 'return undefined;'],
    ['writer that knows no batches', 'if (!startsIt) return undefined;', ''],
  ),
  ...mutants(
    'bytes/gzip.ts',
    ['gzip'],
    [
      'gz ratio',
      'if (plain > unsuspectedBytes && plain > ratioMax * this.inputAt) {',
      'if (false) {',
    ],
    ['device that failed', 'if (this.failure instanceof LogctlError) throw this.failure;', ''],
  ),
];
