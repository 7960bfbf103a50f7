import { it } from 'vitest';
import { log, set } from './helpers/bot-log.js';
import { diskWith, logPath, recoverOn, planFor } from './helpers/recovery.js';
import { effectText } from './helpers/memory-inode.js';
it('x', async () => {
  const torn = set('a', { score: 4 }, 4).slice(0, 60);
  const disk = diskWith(log(set('a', { score: 1 }, 1), set('b', { score: 2 }, 2)) + torn);
  const plan = await planFor(disk);
  console.log(JSON.stringify({...plan, findings: []}, null, 1));
  try { await recoverOn(disk); } catch (e) { console.log(String(e)); }
  console.log(disk.effects.map(effectText).join('\n'));
});
