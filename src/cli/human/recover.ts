/** What recover shows: plans before, results afterwards; several logs as one. */
import type { RecoverLogPart, RecoverReport } from '../../engine/index.js';
import { logFailure } from './heading.js';
import type { Look } from './look.js';
import { nextSteps } from './next.js';
import { isPlanned, mirrorRows, needsRow, planRows, stateRows } from './recover-plan.js';
import { briefRow, resultBlock } from './recover-result.js';
import { page, wrap } from './text.js';

/** The plans of a run that changed nothing, or what became of them. */
export function recoverText(report: RecoverReport, look: Look): string {
  const { logs, error } = report;
  // A refusal has said it all, and the plan that was not applied has been shown.
  if (error !== undefined && logs.every(isUntouched)) return '';
  const body = logs.some(isPlanned) ? planPage(report, look) : resultPage(report, look);
  return page([...body, nextSteps(report.next, look.columns)]);
}

const isUntouched = ({ result }: RecoverLogPart) =>
  result === 'refused' || result === 'would recover' || result === 'nothing to do';

function planPage(report: RecoverReport, look: Look): string[][] {
  const { logs, dryRun } = report;
  const doing = logs.filter(isPlanned);
  const end = dryRun ? ['  dry run, nothing was changed'] : [];
  const policy = doing[0].plan!.policy;
  if (logs.length === 1) {
    const rows = [...planRows(logs[0], look, 2), ...mirrorRows(logs[0], look, 2)];
    rows.push(...needsRow(doing, look), ...stateRows(logs[0], look));
    return [[`Plan for ${logs[0].path}, policy ${policy}`], [...rows, ...end]];
  }
  const root = commonFolder(logs.map(({ path }) => path));
  const short = (path: string) =>
    path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  const blocks = doing.flatMap((log) => {
    const rows = planRows(log, look, 4);
    const mirror = mirrorRows(log, look, 4);
    const name = log.plan?.mirror?.path;
    return [
      ...(rows.length > 0 ? [`  ${short(log.path)}`, ...rows] : []),
      ...(mirror.length > 0 && name !== undefined ? [`  ${short(name)}`, ...mirror] : []),
    ];
  });
  return [
    [`Plan for ${root}, policy ${policy}`],
    [
      ...blocks,
      ...idleRows(logs, short, look),
      ...failures(logs, short, look).map((line) => `  ${line}`),
    ],
    [...needsRow(doing, look), ...end],
  ];
}

function idleRows(logs: RecoverLogPart[], short: (path: string) => string, look: Look): string[] {
  const idle = logs.filter(({ result }) => result === 'nothing to do');
  if (idle.length === 0) return [];
  const names = idle.map(({ path }) => short(path)).join(', ');
  return [...wrap(names, look.columns - 4).map((line) => `  ${line}`), '    nothing to do'];
}

function failures(logs: RecoverLogPart[], short: (path: string) => string, look: Look): string[] {
  return logs.flatMap((log) => {
    const refusal = log.plan?.refusal;
    if (log.result === 'refused' && refusal !== undefined) {
      const words = wrap(`refused: ${refusal.message}`, look.columns - 6);
      return [short(log.path), ...words.map((line) => `  ${line}`)];
    }
    const narrower = { ...look, columns: look.columns - 2 };
    return log.error === undefined ? [] : [short(log.path), ...logFailure(log, narrower)];
  });
}

function resultPage(report: RecoverReport, look: Look): string[][] {
  const { logs } = report;
  // --if-exists where no log is, or a saved plan of such a run.
  if (logs.length === 0) return [['nothing to do']];
  if (logs.length === 1) return [resultBlock(logs[0], look)];
  const root = commonFolder(logs.map(({ path }) => path));
  const short = (path: string) =>
    path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  const idle = logs.filter(({ result }) => result === 'nothing to do');
  const done = logs.filter(({ result }) => result !== 'nothing to do' && result !== 'refused');
  const names = idle.map(({ path }) => short(path)).join(', ');
  const receipts = done.flatMap(({ receipt }) => (receipt === null ? [] : [`receipt: ${receipt}`]));
  return [
    [
      ...done.flatMap((log) => [...briefRow(log, short, look), ...logFailure(log, look)]),
      ...(idle.length > 0 ? wrap(`${names}   nothing to do`, look.columns) : []),
      ...failures(
        logs.filter(({ result }) => result === 'refused'),
        short,
        look,
      ),
      ...verifyRow(done),
      ...receipts,
    ],
  ];
}

function verifyRow(logs: RecoverLogPart[]): string[] {
  const verified = logs.flatMap((log) => (log.verified === null ? [] : [log.verified]));
  if (verified.length === 0) return [];
  const open = verified.filter(({ verdict }) => verdict !== 'ok').length;
  const need = open === 1 ? 'needs' : 'need';
  const words = open === 0 ? 'no problems found' : `${open} of ${verified.length} ${need} a look`;
  return [`verify: ${words}`];
}

/** The folder that all paths lie in; `data` for `data/logs/a.log` and `data/logs/b.log` too. */
function commonFolder(paths: string[]): string {
  const parts = paths.map((path) => path.split('/').slice(0, -1));
  const [first] = parts;
  let depth = 0;
  while (depth < first.length && parts.every((part) => part[depth] === first[depth])) depth += 1;
  const shared = first.slice(0, depth);
  return (shared.at(-1) === 'logs' && shared.length > 1 ? shared.slice(0, -1) : shared).join('/');
}
