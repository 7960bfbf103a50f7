/** Tables without borders, two columns in, two columns between. */
import { require } from '../require.js';
import { shorten, widthOf } from './text.js';

export interface Column {
  head: string;
  /** Numbers stand right, with their head; the head of `size` stands left above its numbers. */
  kind: 'text' | 'number' | 'size';
  /** Shortened in the middle when the table would be too wide. */
  flexible?: boolean;
  /** Left out where the flexible column would become too narrow to tell one row from another. */
  expendable?: boolean;
  /** Colours a cell once it has its final text. */
  paint?: (text: string) => string;
}

/** The characters cli-table3 draws rules with, all empty but the gaps between columns. */
const noBorders = {
  ...emptied('top', 'top-mid', 'top-left', 'top-right', 'mid', 'mid-mid', 'left-mid', 'right-mid'),
  ...emptied('bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'right'),
  left: '  ',
  middle: '  ',
};

function emptied(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, '']));
}

/** Gives one line for the heads and one per row. */
export function table(all: Column[], allRows: string[][], columnsMax: number): string[] {
  // Loaded by the first table: most runs of most commands draw none, and start-up counts.
  const Table = require('cli-table3') as typeof import('cli-table3');
  const { columns, rows } = withoutExpendable(all, allRows, columnsMax);
  const fitted = fit(columns, rows, columnsMax);
  const drawn = new Table({
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ kind }) => (kind === 'text' ? 'left' : 'right')),
  });
  drawn.push(
    columns.map(({ head, kind }) => ({
      content: head,
      hAlign: kind === 'number' ? 'right' : 'left',
    })),
  );
  for (const row of fitted) {
    drawn.push(row.map((cell, at) => columns[at].paint?.(cell) ?? cell));
  }
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** A flexible column is not cut to less than this while another one can go. */
const flexibleWidthMin = 30;
const flexibleWidthLeast = 12;

function withoutExpendable(columns: Column[], rows: string[][], columnsMax: number) {
  const { natural, cut } = widthsOf(columns, rows, columnsMax);
  const isRoomy = cut.every((width, at) => width === natural[at] || width >= flexibleWidthMin);
  if (isRoomy) return { columns, rows };
  const isKept = (_: unknown, at: number) => columns[at].expendable !== true;
  return { columns: columns.filter(isKept), rows: rows.map((row) => row.filter(isKept)) };
}

function fit(columns: Column[], rows: string[][], columnsMax: number): string[][] {
  const { cut } = widthsOf(columns, rows, columnsMax);
  return rows.map((row) =>
    row.map((cell, at) => (columns[at].flexible ? shorten(cell, cut[at]) : cell)),
  );
}

/** How wide the columns are by themselves, and where the widest flexible ones are cut to fit. */
function widthsOf(columns: Column[], rows: string[][], columnsMax: number) {
  const natural = columns.map(({ head }, at) =>
    Math.max(widthOf(head), ...rows.map((row) => widthOf(row[at]))),
  );
  // A hostile key is as wide as the file: what no line holds is not cut off a column at a time.
  const cut = natural.map((width, at) =>
    columns[at].flexible ? Math.min(width, columnsMax) : width,
  );
  let excess = cut.reduce((sum, width) => sum + width + 2, 0) - columnsMax;
  for (; excess > 0; excess--) {
    const flexible = cut.map((width, at) => (columns[at].flexible ? width : 0));
    const widest = Math.max(...flexible);
    if (widest <= flexibleWidthLeast) break;
    cut[flexible.indexOf(widest)]--;
  }
  return { natural, cut };
}
