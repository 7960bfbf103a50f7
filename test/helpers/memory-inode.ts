/** What a file is on the disk in memory: an inode, its bytes, and the effects that change them. */

/** Bytes that only grow at the end, so a shorter view of them never changes behind its back. */
export class Content {
  /** False while another disk's content has the same bytes: then they are copied before a write. */
  private owned: boolean;
  constructor(
    private bytes: Uint8Array,
    public length = bytes.length,
    owned = true,
  ) {
    this.owned = owned;
  }

  append(more: Uint8Array): void {
    const wanted = this.length + more.length;
    if (!this.owned || wanted > this.bytes.length) {
      const roomier = new Uint8Array(Math.max(wanted, 2 * this.length, 256));
      roomier.set(this.view());
      this.bytes = roomier;
      this.owned = true;
    }
    this.bytes.set(more, this.length);
    this.length = wanted;
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** The first `length` bytes, with zeros in `[zeroFrom, zeroTo)`; shares them where it can. */
  cut(length: number, zeroFrom = 0, zeroTo = 0): Content {
    if (zeroTo <= zeroFrom) return new Content(this.bytes, length, false);
    const bytes = this.bytes.slice(0, length);
    return new Content(bytes.fill(0, zeroFrom, zeroTo));
  }
}

/** What fsync of a file makes durable besides its bytes. */
export interface Attributes {
  mode: number;
  uid: number;
  gid: number;
}

export interface Inode {
  readonly ino: number;
  readonly kind: 'file' | 'symlink';
  content: Content;
  attributes: Attributes;
  mtimeMs: number;
  /** Names that lead here. */
  links: number;
  /** As it was when the recording began, or when it was created. */
  readonly born: { content: Content; length: number; attributes: Attributes };
}

/** An inode whose present state counts as durable. */
export function newInode(
  ino: number,
  content: Content,
  attributes: Attributes,
  kind: Inode['kind'] = 'file',
): Inode {
  const born = { content, length: content.length, attributes };
  return { ino, kind, content, attributes, mtimeMs: 0, links: 0, born };
}

/**
 * One thing done to the disk, in the order it was done. `path` is what the effect names: the new
 * name of a rename or link. `length` is the file's length after an append.
 */
export type Effect =
  | { do: 'create' | 'link' | 'unlink'; path: string; inode: Inode }
  /** `displaced`: an exchange, the name `from` leads to that from now on. */
  | { do: 'rename'; path: string; from: string; inode: Inode; displaced?: Inode }
  | { do: 'append'; path: string; inode: Inode; length: number }
  | { do: 'truncate'; path: string; inode: Inode; content: Content }
  | { do: 'attributes'; path: string; inode: Inode; attributes: Attributes }
  | { do: 'sync'; path: string; inode: Inode }
  | { do: 'sync-directory'; path: string }
  | { do: 'note'; path: string };

/** One line for a person. */
export function effectText(effect: Effect): string {
  switch (effect.do) {
    case 'rename':
      return `rename ${effect.from} -> ${effect.path}`;
    case 'append':
      return `append ${effect.path} up to ${effect.length}`;
    default:
      return `${effect.do} ${effect.path}`;
  }
}
