/** The dialects. Adding one: a codec, a document, fixtures, one line here. */
import type { Dialect } from './dialect.js';
import { progressive } from './progressive.js';

export const DIALECTS: readonly Dialect[] = [progressive];
