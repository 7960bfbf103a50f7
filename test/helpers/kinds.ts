/** Nine kinds of writers of one log: languages, shells, namespaces, and our own library. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** One kind: its program, how many writers it is, and what this machine must have for it. */
export interface WriterKind {
  name: string;
  writers: number;
  /** Program and arguments; `at` says where things are, `w` is its first writer's number. */
  command(at: KindsPlace, w: number): string[];
  needs: readonly string[];
  root?: boolean;
}

/** Where the writers find what they need. */
export interface KindsPlace {
  path: string;
  /** The same directory by a symbolic link, and an empty one to mount it on. */
  linked: string;
  mounted: string;
  acks: string;
  /** The built `kinds-writer`. */
  script: string;
}

const inNode = (kind: string, { path, acks, script }: KindsPlace, w: number, at = path) => [
  ...[process.execPath, script, kind, at, acks, String(w)],
];

const start = '2026-11-19T09:00:00.000Z';

/** A shell that appends with one write each, and rests now and then. */
const inShell = (path: string, acks: string, w: number) => [
  'sh',
  '-c',
  `n=0; while [ -e "$2/go" ]; do n=$((n+1))
printf '{"timestamp":"${start}","op":"SET","key":"w%dk%d","value":{"w":%d,"n":%d}}\\n' \
$3 $((n%40)) $3 $n >> "$1" && echo $n >> "$2/$3"; [ $((n%10)) = 0 ] && sleep 0.01; done; true`,
  'sh',
  ...[path, acks, String(w)],
];

const python = `
import json, os, sys, time
path, acks, w = sys.argv[1], sys.argv[2], int(sys.argv[3])
n = 0
while os.path.exists(acks + '/go'):
    n += 1
    value = {'w': w, 'n': n}
    entry = {'timestamp': '${start}', 'op': 'SET', 'key': 'w%dk%d' % (w, n % 40), 'value': value}
    with open(path, 'a') as log:
        log.write(json.dumps(entry, separators=(',', ':')) + '\\n')
    with open(acks + '/' + str(w), 'a') as done:
        done.write(str(n) + '\\n')
    time.sleep(0.002)
`;

/** Some entries through one descriptor, each a write of its own, as loggers that reopen do. */
const perl = `
use strict; use Fcntl;
my ($path, $acks, $w) = @ARGV;
for (my $n = 0; -e "$acks/go";) {
  sysopen(my $log, $path, O_WRONLY | O_APPEND) or die $!;
  for (1 .. 3) {
    $n++;
    my $key = "w" . $w . "k" . ($n % 40);
    my $line = qq({"timestamp":"${start}","op":"SET","key":"$key","value":{"w":$w,"n":$n}}\\n);
    syswrite($log, $line) == length($line) or die $!;
  }
  close $log;
  open(my $done, '>>', "$acks/$w") or die $!;
  print $done "$n\\n";
  close $done;
  select(undef, undef, undef, 0.003);
}
`;

/** The kinds, in the order in which they get their numbers. */
export const writerKinds: readonly WriterKind[] = [
  {
    name: 'Python, open for each entry',
    writers: 1,
    command: ({ path, acks }, w) => ['python3', '-c', python, path, acks, String(w)],
    needs: ['python3'],
  },
  {
    name: 'shell',
    writers: 1,
    command: ({ path, acks }, w) => inShell(path, acks, w),
    needs: ['sh'],
  },
  {
    name: 'shell through a linked directory',
    writers: 1,
    command: ({ path, linked, acks }, w) => inShell(join(linked, basename(path)), acks, w),
    needs: ['sh'],
  },
  {
    name: 'Node, appendFile in 4 lanes',
    writers: 4,
    command: (at, w) => inNode('lanes', at, w),
    needs: [],
  },
  {
    name: 'our library, in batches',
    writers: 1,
    command: (at, w) => inNode('library', at, w),
    needs: [],
  },
  {
    name: 'Node, slow between open and write',
    writers: 1,
    command: (at, w) => inNode('slow', at, w),
    needs: [],
  },
  {
    name: 'Perl, three entries for each open',
    writers: 1,
    command: ({ path, acks }, w) => ['perl', '-e', perl, path, acks, String(w)],
    needs: ['perl'],
  },
  {
    name: 'Node in another mount namespace',
    writers: 1,
    command(at, w) {
      const { path, mounted } = at;
      const own = inNode('one', at, w, join(mounted, basename(path)));
      const mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
      return ['unshare', '-m', 'sh', '-c', mount, 'sh', dirname(path), mounted, ...own];
    },
    needs: ['unshare', 'mount'],
    root: true,
  },
  {
    name: 'shell in another pid namespace',
    writers: 1,
    command: ({ path, acks }, w) => ['unshare', '-p', '-f', ...inShell(path, acks, w)],
    needs: ['unshare'],
    root: true,
  },
];

const has = (program: string) => spawnSync('which', [program]).status === 0;

/** What this machine lacks for a kind, in words; undefined where it can run. */
export function lackFor({ needs, root }: WriterKind): string | undefined {
  const missing = needs.filter((program) => !has(program));
  if (missing.length > 0) return `${missing.join(', ')} is not installed`;
  return root === true && process.getuid?.() !== 0 ? 'only root may' : undefined;
}

/** The kinds at work on one log, each in a process of its own. */
export class KindsAtWork {
  private readonly running: { kind: WriterKind; child: ChildProcess; first: number }[] = [];
  private readonly at: KindsPlace;
  private count = 0;

  /** The log exists; `folder`: an empty one, on the same filesystem, that the caller removes. */
  constructor(path: string, folder: string, script: string) {
    const place = (name: string) => join(folder, name);
    const [linked, mounted, acks] = ['linked', 'mounted', 'acks'].map(place);
    this.at = { path, script, linked, mounted, acks };
    symlinkSync(dirname(path), this.at.linked);
    for (const made of [this.at.mounted, this.at.acks]) mkdirSync(made);
    writeFileSync(join(this.at.acks, 'go'), '');
  }

  start(kind: WriterKind): void {
    const first = this.count + 1;
    this.count += kind.writers;
    const [program, ...given] = kind.command(this.at, first);
    const child = spawn(program, given, { stdio: ['ignore', 'inherit', 'inherit'] });
    this.running.push({ kind, child, first });
  }

  /** Lets every writer finish its entry. What each acknowledged, by its number less 1. */
  async stop(): Promise<{ acknowledged: number }[]> {
    rmSync(join(this.at.acks, 'go'), { force: true });
    for (const { kind, child } of this.running) {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (child.exitCode !== 0) throw new Error(`${kind.name} ended with ${child.exitCode}`);
    }
    return Array.from({ length: this.count }, (_, i) => ({ acknowledged: this.acksOf(i + 1) }));
  }

  /** Ends what still runs, whatever it is at. */
  kill(): void {
    rmSync(join(this.at.acks, 'go'), { force: true });
    for (const { child } of this.running) child.kill('SIGKILL');
  }

  /** What each kind acknowledged, in words. */
  words(written: readonly { acknowledged: number }[]): string {
    const each = this.running.map(({ kind, first }) => {
      const own = written.slice(first - 1, first - 1 + kind.writers);
      return `${kind.name} ${own.reduce((sum, one) => sum + one.acknowledged, 0)}`;
    });
    return each.join(', ');
  }

  private acksOf(w: number): number {
    const file = join(this.at.acks, String(w));
    if (!existsSync(file)) return 0;
    return Number(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1));
  }
}
