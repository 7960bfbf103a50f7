/** The real library on a store, as a test asks it: what it loads, or the words it refuses with. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The part of the library that tests use; its own types are not those of its export. */
interface Store {
  loadDatabaseAsync(): Promise<void>;
  insertAsync(document: unknown): Promise<unknown>;
  compactDatafileAsync(): Promise<void>;
  getAllData(): unknown[];
}
const Datastore = require('@seald-io/nedb') as new (options: { filename: string }) => Store;
const { serialize } = require('@seald-io/nedb/lib/model.js') as { serialize(doc: unknown): string };

/** Documents as the library writes them, in its own order; or its refusal. */
export interface LibrarySaw {
  refusal?: string;
  documents: string[];
}

/** Opens the store with the library, which rewrites it: never give it a fixture itself. */
export async function openedByLibrary(path: string): Promise<LibrarySaw> {
  const store = new Datastore({ filename: path });
  try {
    await store.loadDatabaseAsync();
  } catch (error) {
    return { refusal: (error as Error).message, documents: [] };
  }
  // A document whose _id is an array stands in the index once for each element.
  const documents = new Set(store.getAllData().map((document) => serialize(document)));
  return { documents: [...documents] };
}
