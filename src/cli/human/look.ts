/** How wide, and with which colours. Colour repeats what the words say. */
import type { ChalkInstance } from 'chalk';
import type { Severity, Verdict } from '../../engine/index.js';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export interface Look {
  columns: number;
  paint(tone: Tone, text: string): string;
}

/** Narrower than this nothing can be laid out: the terminal may wrap. */
const columnsMin = 40;

/** The look of a stream; 80 columns where its width is not known. Without `chalk` no colour. */
export function lookOf(columns: number | undefined, chalk?: ChalkInstance): Look {
  const paints: Partial<Record<Tone, (text: string) => string>> = {
    good: chalk?.green,
    warn: chalk?.yellow,
    bad: chalk?.red,
  };
  return {
    columns: Math.max(columnsMin, columns || 80),
    paint: (tone, text) => paints[tone]?.(text) ?? text,
  };
}

export function toneOfVerdict(verdict: Verdict): Tone {
  switch (verdict) {
    case 'ok':
      return 'good';
    case 'attention':
    case 'busy':
    case 'refused':
    case 'changed underneath':
    case 'recovered with loss':
      return 'warn';
    case 'damaged':
    case 'no verdict':
    case 'not found':
      return 'bad';
  }
}

export function toneOfSeverity(severity: Severity): Tone {
  switch (severity) {
    case 'error':
      return 'bad';
    case 'attention':
      return 'warn';
    case 'notice':
      return 'plain';
  }
}
