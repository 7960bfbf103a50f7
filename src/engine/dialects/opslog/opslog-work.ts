/** opslog-work: what is done with few stores, or seldom: loaded when it is. */
export { checkOpslog } from './opslog-checks.js';
export { compactStore } from './opslog-compact.js';
export { lookAgain, takeLocks, writerLock } from './opslog-lock.js';
export { planStore } from './opslog-plan.js';
export { recoverStore, undoStore } from './opslog-recover.js';
export { loadUpstream } from './opslog-upstream.js';
