/** repeated: what this run was told of formats and places, put into the commands it suggests. */
import type { NextStep, TargetOptions } from '../engine/index.js';

/** The options as they are typed. */
const flags = {
  dialect: '--dialect',
  backupDir: '--backup-dir',
  keyAt: '--key-at',
  valueAt: '--value-at',
  timeAt: '--time-at',
  deleteAt: '--delete-at',
  decode: '--decode',
  archive: '--archive',
  includeArchived: '--include-archived',
} as const satisfies Partial<Record<keyof TargetOptions, string>>;

/** Commands that name a log need to be told of it again; others stay as they are. */
export function repeated(next: NextStep[], options: TargetOptions): NextStep[] {
  return next.map((step) => {
    const [program, command, ...rest] = step.argv;
    const isToldAnyway = rest.includes('--help') || rest.includes('--undo');
    if (program !== 'logctl' || isToldAnyway) return step;
    const named = withMirror(command, rest, options.mirror);
    return { ...step, argv: [program, command, ...wordsOf(options, rest), ...named] };
  });
}

function wordsOf(options: TargetOptions, rest: string[]): string[] {
  return (Object.keys(flags) as (keyof typeof flags)[]).flatMap((name) => {
    const value = options[name];
    if (value === undefined || rest.includes(flags[name])) return [];
    return typeof value === 'string' ? [flags[name], value] : [flags[name]];
  });
}

/** To recover, `--mirror` says what to do as well as where: a plan without it gets none. */
function withMirror(command: string, rest: string[], file: string | undefined): string[] {
  if (file === undefined) return rest;
  const at = rest.indexOf('--mirror');
  if (command !== 'recover') return at < 0 ? ['--mirror', file, ...rest] : rest;
  return at < 0 || rest[at + 1] === file ? rest : rest.toSpliced(at + 1, 0, file);
}
