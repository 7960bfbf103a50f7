/** Lines as the game bot and our own writer write them, and logs made of them. */
import { crc32 } from 'node:zlib';

const start = Date.parse('2026-11-19T09:00:00.000Z');

/** The instant `second` seconds after the first of these logs, RFC 3339 UTC. */
export const clock = (second: number): string => new Date(start + second * 1000).toISOString();

/** A SET entry, without newline. `value`: any JSON value. */
export function set(key: string, value: unknown, second = 0): string {
  const [name, text] = [JSON.stringify(key), JSON.stringify(value)];
  return `{"timestamp":"${clock(second)}","op":"SET","key":${name},"value":${text}}`;
}

/** A whole-state SET entry, as the bot saves its tokens. */
export function setAll(data: object, second = 0): string {
  return `{"timestamp":"${clock(second)}","op":"SET","data":${JSON.stringify(data)}}`;
}

/** A DELETE entry. */
export function remove(key: string, second = 0): string {
  return `{"timestamp":"${clock(second)}","op":"DELETE","key":${JSON.stringify(key)}}`;
}

/** A CHECKPOINT as compaction writes it: no timestamp. `more`: members behind `compactedAt`. */
export function checkpoint(state: object, second = 0, more: object = {}): string {
  const rest = JSON.stringify(more).slice(1, -1);
  const tail = `,"compactedAt":"${clock(second)}"${rest === '' ? '' : `,${rest}`}}`;
  return `{"op":"CHECKPOINT","state":${JSON.stringify(state)}${tail}`;
}

/** The entry with the number and the checksum that our own writer adds. */
export function numbered(line: string, seq: number): string {
  const open = `${line.slice(0, -1)},"seq":${seq}`;
  return `${open},"crc":"${crc32(open).toString(16).padStart(8, '0')}"}`;
}

/** The lines, each with its newline. */
export const log = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
