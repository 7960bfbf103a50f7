/** jsonldb-work: what is done with stores of this format alone: loaded when there is one. */
export { checkJsonldb } from './jsonldb-checks.js';
export { lookAtLock, takeLock } from './jsonldb-lock.js';
export { loadUpstream } from './jsonldb-upstream.js';
