/** Commands that are struck by a fault, what they work on, and commands that come after them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openLog } from '../../src/engine/index.js';
import { checkpoint, log, set } from './bot-log.js';
import { cli, type CliResult } from './cli.js';

/** A command and the folder it needs. Arguments are meant from the folder. */
export interface FaultScene {
  name: string;
  /** The log's text. */
  log: string;
  /** The command that is struck; `receipt`: that of the recovery that came first, if one did. */
  command(receipt: string): string[];
  /** A recovery comes first, so that there is something to undo. */
  recovered?: true;
}

const name = 'data/logs/players.log';
const a = set('a', { n: 1 }, 1);
const b = set('b', { n: 2 }, 2);
const c = set('c', { n: 3 }, 3);
const more = Array.from({ length: 9 }, (_, i) => set(`k${i % 3}`, { n: i }, 10 + i));
const head = checkpoint({ old: 1 }, 0);
const sound = log(head, a, b, c, ...more);
/** A fragment with a whole entry glued to it: only salvage brings that one back. */
const glued = log(head, a, b) + set('a', { n: 9 }, 3).slice(0, 50) + log(c, ...more);
const salvage = ['recover', '--yes', '--policy', 'salvage', '--max-lost', '9', name];
const compact = ['compact', '--force', '--backups', '9', name];

/** Every writing command in each of its ways. */
export const faultScenes: readonly FaultScene[] = [
  { name: 'compact', log: sound, command: () => compact },
  { name: 'compact, unended', log: sound.slice(0, -1), command: () => compact },
  { name: 'compact, torn', log: sound + a.slice(0, 40), command: () => compact },
  {
    name: 'compact --gzip-backups',
    log: sound,
    command: () => [...compact, '--gzip-backups=1s'],
  },
  {
    name: 'compact --backup-dir',
    log: sound,
    command: () => [...compact, '--backup-dir', 'backups'],
  },
  { name: 'recover', log: glued, command: () => salvage },
  {
    name: 'recover --evidence-dir',
    log: glued,
    command: () => [...salvage, '--evidence-dir', 'evidence'],
  },
  {
    name: 'recover --mirror',
    log: glued,
    command: () => [...salvage, '--mirror', '--replace-mirror'],
  },
  { name: 'recover -o', log: glued, command: () => [...salvage, '-o', 'out.log'] },
  {
    name: 'recover --undo',
    log: glued,
    command: (receipt) => ['recover', '--yes', '--undo', receipt, name],
    recovered: true,
  },
];

/** Names of what may come after a fault, each of another kind. */
export const nextCommands = ['verify', 'replay', 'compact', 'recover', 'append', 'undo'] as const;

/** A folder in which a scene is played. */
export class FaultFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'logctl-fault-'));
  /** What must be whole in some file for ever: the log and its backups as they were. */
  private readonly wanted: Buffer[] = [];
  private appended = false;

  private constructor(scene: FaultScene) {
    for (const made of ['data/logs', 'backups', 'evidence']) {
      mkdirSync(join(this.folder, made), { recursive: true });
    }
    this.put(name, scene.log);
    // Elsewhere each look at a file that differs would take a second.
    if (scene.name.includes('--mirror')) this.put('data/players.json', '{"a": {"n": 1}, "b":');
    for (let age = 1; age <= 4; age++) {
      const text = log(checkpoint({ old: age }, -age * 1_000), set('old', age, -age));
      this.put(`${name}.backup.${Date.now() - age * 86_400_000}`, text);
    }
  }

  /** A folder in which the scene may begin. Throws where its recovery fails. */
  static async make(scene: FaultScene): Promise<FaultFolder> {
    const made = new FaultFolder(scene);
    if (scene.recovered !== true) return made;
    const { exitCode, err } = await made.run(...salvage);
    if (exitCode !== 0 && exitCode !== 20)
      throw new Error(`recover ended with ${exitCode}: ${err}`);
    return made;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  run(...args: string[]): Promise<CliResult> {
    return cli(args, { cwd: this.folder });
  }

  /** The receipt of the first recovery; empty where there is none. */
  receipt(): string {
    return this.names().find((file) => /\.receipt\.\d+\.json$/.test(file)) ?? '';
  }

  /** What comes next; what is wrong with it. */
  async next(command: (typeof nextCommands)[number]): Promise<string[]> {
    if (command === 'append') return this.append();
    const args = {
      verify: ['verify', name],
      replay: ['replay', '--on-error', 'skip', name],
      compact,
      recover: salvage,
      undo: this.receipt() === '' ? salvage : ['recover', '--yes', '--undo', this.receipt(), name],
    }[command];
    const { exitCode, err } = await this.run(...args);
    const isOk = [0, 3, 4, 20, 21].includes(exitCode);
    return [...(isOk ? [] : [`${args.join(' ')}: ${exitCode} ${err}`]), ...(await this.readers())];
  }

  /** After the last recovery: all that was whole is there, for everybody, and nothing is left. */
  async end(): Promise<string[]> {
    const { exitCode, err, out } = await this.run(...salvage);
    if (exitCode !== 0 && exitCode !== 20) return [`the last recover: ${exitCode} ${err}${out}`];
    const wrong = await this.readers();
    const state = foldOf(readFileSync(join(this.folder, name), 'utf8'));
    const whole = foldOf(sound + (this.appended ? log(set('after', 1)) : ''));
    if (!isSame(state, whole)) wrong.push(`the state is ${JSON.stringify([...state])}`);
    const verified = await this.run('verify', name);
    if (![0, 3].includes(verified.exitCode)) wrong.push(`verify: ${verified.out}`);
    const left = this.names().filter((file) => /\.tmp-|\.compact\.json$/.test(file));
    return [...wrong, ...left.map((file) => `${file} is left`), ...this.lostFiles()];
  }

  private put(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
    if (path.startsWith(name)) this.wanted.push(Buffer.from(text));
  }

  private async append(): Promise<string[]> {
    const path = join(this.folder, name);
    try {
      const opened = await openLog(path);
      await opened.set('after', 1);
      await opened.close();
      this.appended = true;
    } catch (error) {
      // A damaged log is not opened for writing, and says so.
      if ((error as { code?: string }).code !== 'damaged') return [String(error)];
    }
    return this.readers();
  }

  /** All readers have one state, where the log is whole and no swap is unfinished. */
  private async readers(): Promise<string[]> {
    const { exitCode } = await this.run('verify', name);
    if (exitCode === 4 || this.names().some((file) => file.endsWith('.compact.json'))) return [];
    const wrong = [0, 3].includes(exitCode) ? [] : [`verify: ${exitCode}`];
    const { out } = await this.run('replay', '--format', 'jsonl', name);
    const rows = out
      .split('\n')
      .filter(Boolean)
      .map((row) => JSON.parse(row) as Row);
    const replayed = new Map(rows.map(({ key, value }) => [key, value]));
    const read = await openLog(join(this.folder, name), { readOnly: true });
    const library = new Map(read.entries());
    await read.close();
    const bot = foldOf(readFileSync(join(this.folder, name), 'utf8'));
    if (!isSame(replayed, bot)) wrong.push('replay and the bot differ');
    if (!isSame(library, bot)) wrong.push('the library and the bot differ');
    return wrong;
  }

  /** Files of the beginning that are whole in none of the files there are now. */
  private lostFiles(): string[] {
    const now = this.names().map((file) => {
      const bytes = readFileSync(join(this.folder, file));
      try {
        return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      } catch {
        return Buffer.alloc(0);
      }
    });
    return this.wanted
      .filter((bytes) => !now.some((one) => one.subarray(0, bytes.length).equals(bytes)))
      .map((bytes) => `no file has ${bytes.toString().slice(0, 60)} …`);
  }

  private names(): string[] {
    const all = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    const files = all.filter((entry) => entry.isFile());
    return files.map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1));
  }
}

interface Row {
  key: string;
  value: unknown;
}

/** What the bot's own code makes of a log: fragments are no entries, an unended entry is one. */
function foldOf(text: string): Map<string, unknown> {
  const state = new Map<string, unknown>();
  for (const line of text.split('\n').filter(Boolean)) {
    let entry: { op: string; key: string; value: unknown; state: object };
    try {
      entry = JSON.parse(line) as typeof entry;
    } catch {
      continue;
    }
    if (entry.op === 'SET') state.set(entry.key, entry.value);
    else if (entry.op === 'DELETE') state.delete(entry.key);
    else if (entry.op === 'CHECKPOINT') {
      for (const [key, value] of Object.entries(entry.state)) state.set(key, value);
    }
  }
  return state;
}

function isSame(
  left: ReadonlyMap<unknown, unknown>,
  right: ReadonlyMap<unknown, unknown>,
): boolean {
  const text = (state: ReadonlyMap<unknown, unknown>) =>
    [...state]
      .map(([key, value]) => `${String(key)}=${JSON.stringify(value)}`)
      .sort()
      .join('\n');
  return text(left) === text(right);
}
