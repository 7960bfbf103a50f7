// Peer: opslog's own open, on a store of the same entries; nothing is written.
import { Store } from '@backloghq/opslog';

const store = new Store();
await store.open(process.argv[2], { readOnly: true });
console.log(`${store.count()} keys`);
