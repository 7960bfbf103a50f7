/** table: the words of a keydir's table in memory. */

/** A table: what its words are. */
export namespace TABLE {
  /** Where the addresses of its pages of slots are. */
  export const slotPagesAt: usize = 0;
  /** Slots that are some hash's home; 0: there are no slots yet. */
  export const homes: usize = 4;
  /** Keys alive in the upstream state, and as documented. */
  export const used: usize = 8;
  export const count: usize = 12;
  export const generation: usize = 16;
  export const removals: usize = 20;
  export const liveBytes: usize = 24;
  /** Page of the next entry, -1: none. */
  export const page: usize = 32;
  /** 8-byte words of entries in use, and of forgotten ones. */
  export const liveWords: usize = 36;
  export const deadWords: usize = 40;
  /** Births as documented no longer come in the order of the entries: they are listed. */
  export const isListed: usize = 44;
  export const listAt: usize = 48;
  export const listCount: usize = 52;
  export const listPages: usize = 56;
  export const owner: usize = 60;
}
export const tableBytes: usize = 64;

/** Makes a table empty. What it had is forgotten, and not freed. */
export function initTable(table: usize, owner: u8, slotPagesAt: usize): void {
  memory.fill(table, 0, tableBytes);
  store<u32>(table, <u32>slotPagesAt, TABLE.slotPagesAt);
  store<u32>(table, 1, TABLE.generation);
  store<i32>(table, -1, TABLE.page);
  store<u8>(table, owner, TABLE.owner);
}
