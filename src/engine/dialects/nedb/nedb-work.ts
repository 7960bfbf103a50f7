/** nedb-work: what is done with stores of this format alone: loaded when there is one. */
export { checkNedb } from './nedb-checks.js';
export { loadAsLibrary } from './nedb-upstream.js';
