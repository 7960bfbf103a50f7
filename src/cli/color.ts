/** Whether a stream gets colour: --color > NO_COLOR > FORCE_COLOR > TERM=dumb > is a TTY. */
import type { ChalkInstance } from 'chalk';
import { require } from './require.js';

/** `false` is --no-color. */
export type ColorFlag = 'always' | 'never' | 'auto' | false | undefined;

/** Decides for one stream; stdout and stderr may answer differently. */
export function wantsColor(
  stream: { isTTY: boolean },
  env: Record<string, string | undefined>,
  flag: ColorFlag,
): boolean {
  if (flag === 'always') return true;
  if (flag === 'never' || flag === false) return false;
  // Set but empty counts as not set. Source: no-color.org, force-color.org.
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.TERM === 'dumb') return false;
  return stream.isTTY;
}

/** Gives what colours a stream's text; without colour undefined, and nothing is loaded. */
export function chalkFor(...decided: Parameters<typeof wantsColor>): ChalkInstance | undefined {
  if (!wantsColor(...decided)) return undefined;
  const { Chalk } = require('chalk') as typeof import('chalk');
  return new Chalk({ level: 1 });
}
