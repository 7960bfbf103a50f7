/** The real library on a store: open for a program to work with, or asked what it loads. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The part of the library that tests use; its own types are not those of its export. */
interface Library {
  loadDatabaseAsync(): Promise<void>;
  insertAsync(documents: unknown): Promise<unknown>;
  updateAsync(query: unknown, update: unknown, options: { upsert: boolean }): Promise<unknown>;
  removeAsync(query: unknown): Promise<unknown>;
  ensureIndexAsync(options: object): Promise<unknown>;
  getAllData(): unknown[];
}
const Datastore = require('@seald-io/nedb') as new (options: { filename: string }) => Library;

/** A document's text as the library writes it. */
export const { serialize } = require('@seald-io/nedb/lib/model.js') as {
  serialize(document: unknown): string;
};

/** Documents as the library writes them, in its own order; or its refusal. */
export interface LibrarySaw {
  refusal?: string;
  documents: string[];
}

/** Opens the store as a program does, which rewrites it: never give it a fixture itself. */
export async function openStore(path: string): Promise<Library> {
  const library = new Datastore({ filename: path });
  await library.loadDatabaseAsync();
  return library;
}

/** What the library loads; it rewrites the store as `openStore` does. */
export async function openedByLibrary(path: string): Promise<LibrarySaw> {
  try {
    const library = await openStore(path);
    // A document whose _id is an array stands in the index once for each element.
    return { documents: [...new Set(library.getAllData().map(serialize))] };
  } catch (error) {
    return { refusal: (error as Error).message, documents: [] };
  }
}
