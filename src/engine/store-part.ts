/** store-part: what inspect says of several files together, as plain data. Types only. */

/** What inspect says of a store of several files. */
export interface StorePart {
  /** One row per log that is read. `clock`: of its last entry, where writers have clocks. */
  writers: {
    agent: string | null;
    path: string;
    bytes: number;
    clock: number | null;
    lastTime: string | null;
  }[];
  /** Snapshots with the logs behind them, oldest first. Bytes of all of it. */
  generations: {
    snapshot: string;
    madeAt: string | null;
    logs: number;
    bytes: number;
    isCurrent: boolean;
  }[];
}

/** What inspect says of a directory as a whole. */
export interface DirectoryTotals {
  path: string;
  logs: number;
  logBytes: number;
  backups: number;
  backupBytes: number;
  mirrors: number;
  sideFiles: number;
  freeBytes: number;
  growthBytesPerDay: number | null;
}
