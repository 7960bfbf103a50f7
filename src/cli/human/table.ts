/** Tables without borders, two columns in, two columns between. */
import { require } from '../require.js';
import { shorten, widthOf } from './text.js';

export interface Column {
  head: string;
  /** Numbers stand right, with their head; the head of `size` stands left above its numbers. */
  kind: 'text' | 'number' | 'size';
  /** Shortened in the middle when the table would be too wide. */
  flexible?: boolean;
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
export function table(columns: Column[], rows: string[][], columnsMax: number): string[] {
  // Loaded by the first table: most runs of most commands draw none, and start-up counts.
  const Table = require('cli-table3') as typeof import('cli-table3');
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

function fit(columns: Column[], rows: string[][], columnsMax: number): string[][] {
  const widths = columns.map(({ head }, at) =>
    Math.max(widthOf(head), ...rows.map((row) => widthOf(row[at]))),
  );
  const excess = widths.reduce((sum, width) => sum + width + 2, 0) - columnsMax;
  const flexible = columns.findIndex((column) => column.flexible);
  if (excess <= 0 || flexible === -1) return rows;
  const widthMax = Math.max(12, widths[flexible] - excess);
  return rows.map((row) =>
    row.map((cell, at) => (at === flexible ? shorten(cell, widthMax) : cell)),
  );
}
