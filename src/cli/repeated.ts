/** repeated: what this run was told of the format, put into the commands that it suggests. */
import type { NextStep, TargetOptions } from '../engine/index.js';

/** The options as they are typed; the rest of where logs lie, the steps have themselves. */
const flags = {
  dialect: '--dialect',
  keyAt: '--key-at',
  valueAt: '--value-at',
  timeAt: '--time-at',
  deleteAt: '--delete-at',
  decode: '--decode',
  archive: '--archive',
  includeArchived: '--include-archived',
} as const satisfies Partial<Record<keyof TargetOptions, string>>;

/** Commands that name a log need to be told of its format again; others stay as they are. */
export function repeated(next: NextStep[], options: TargetOptions): NextStep[] {
  const words = (Object.keys(flags) as (keyof typeof flags)[]).flatMap((name) => {
    const value = options[name];
    if (value === undefined) return [];
    return typeof value === 'string' ? [flags[name], value] : [flags[name]];
  });
  if (words.length === 0) return next;
  return next.map((step) => {
    const [program, command, ...rest] = step.argv;
    const isToldAnyway = rest.includes('--help') || rest.includes('--undo');
    if (program !== 'logctl' || isToldAnyway) return step;
    return { ...step, argv: [program, command, ...words, ...rest] };
  });
}
