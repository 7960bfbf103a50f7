/** What stopped a command, for stderr. */
import type { Failure, NextStep } from '../../engine/index.js';
import type { Look } from './look.js';
import { nextSteps } from './next.js';
import { wrap } from './text.js';

/** `logctl: what`, the hint, the next steps. `error` is escaped already, `next` is not. */
export function failureText(error: Failure, next: NextStep[], look: Look): string {
  const name = 'logctl: ';
  const [first, ...more] = wrap(error.message, look.columns - name.length);
  const hint = error.hint === '' ? [] : wrap(error.hint, look.columns);
  const lines = [
    look.paint('bad', name.trimEnd()) + ` ${first}`,
    ...more.map((line) => ' '.repeat(name.length) + line),
    ...hint,
    ...nextSteps(next, look.columns),
  ];
  return `${lines.join('\n')}\n`;
}
