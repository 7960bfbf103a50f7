/** Loads packages that few runs need: at once, and in the built program too, which is a script. */
import { createRequire } from 'node:module';

export const require = createRequire(import.meta.url);
