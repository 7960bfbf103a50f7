/** mirror-writer: a state as the main JSON file, indented by two, from the values' own bytes. */
import { BufferedSink } from '../bytes/buffered-sink.js';
import type { Sink } from '../context.js';
import { keyToString } from '../keydir/key-bytes.js';
import { liveOrder } from '../keydir/state-hash.js';
import type { LogScan } from '../checks/scan-log.js';
import { readValues } from '../keydir/values.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);

/**
 * Writes the documented state of a scan as `JSON.stringify(state, null, 2)` would lay it out, keys
 * in order. Tokens keep their bytes: 9007199254740993 and 1.0 stay what they are. Keys that the
 * format's own program cannot hold are left out. Memory does not grow with the values.
 */
export async function writeMirror(scan: LogScan, sink: Sink): Promise<void> {
  const { keydir, sources, log } = scan;
  const order = liveOrder(keydir.order('documented'), keydir, log.dialect.upstream.losesKeys);
  const output = new BufferedSink(sink);
  let begun = -1;
  let isFirst = true;
  let layout = new Layout(1);
  await output.write(Buffer.from('{'));
  await readValues(keydir, sources, order, async (index, value, last) => {
    if (begun !== index) {
      const key = JSON.stringify(keyToString(keydir.key(index)));
      await output.write(Buffer.from(`${isFirst ? '' : ','}\n  ${key}: `));
      layout = new Layout(1);
      isFirst = false;
    }
    begun = last ? -1 : index;
    await output.write(layout.lay(value));
  });
  await output.write(Buffer.from(isFirst ? '}' : '\n}'));
  await output.flush();
}

/** Bytes that writeMirror would write. */
export async function mirrorBytes(scan: LogScan): Promise<number> {
  let bytes = 0;
  await writeMirror(scan, (part) => void (bytes += part.length));
  return bytes;
}

/** One value's JSON text as it stands in a main file: indented, its first line left as it is. */
export const textLayout = (json: string): Uint8Array => new Layout(1).lay(Buffer.from(json));

/** Lays out one JSON value that comes in parts, `depth` levels in. */
class Layout {
  private inString = false;
  private escaped = false;
  /** An opening bracket waits: with its closing one right behind it both stay on the line. */
  private opened = false;
  private out = new Uint8Array(0);
  private length = 0;

  constructor(private depth: number) {}

  lay(json: Uint8Array): Uint8Array {
    this.out = new Uint8Array(json.length * 2 + 64);
    this.length = 0;
    for (const byte of json) {
      if (this.inString) this.stringByte(byte);
      else if (byte > 0x20) this.tokenByte(byte);
    }
    return this.out.subarray(0, this.length);
  }

  private stringByte(byte: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) this.inString = false;
    this.put(byte);
  }

  private tokenByte(byte: number): void {
    if (CLOSE.has(byte)) {
      this.depth--;
      if (!this.opened) this.newLine();
      this.opened = false;
      this.put(byte);
      return;
    }
    if (this.opened) this.newLine();
    this.opened = OPEN.has(byte);
    this.put(byte);
    if (this.opened) this.depth++;
    else if (byte === COMMA) this.newLine();
    else if (byte === COLON) this.put(0x20);
    else if (byte === QUOTE) this.inString = true;
  }

  private newLine(): void {
    this.put(0x0a);
    for (let level = 0; level < this.depth; level++) {
      this.put(0x20);
      this.put(0x20);
    }
  }

  private put(byte: number): void {
    if (this.length === this.out.length) {
      const bigger = new Uint8Array(this.out.length * 2);
      bigger.set(this.out);
      this.out = bigger;
    }
    this.out[this.length++] = byte;
  }
}
