/** flock and leases by perl or flock(1), working on a descriptor they inherit from us. */
import { spawnSync, type SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import { arch, platform } from 'node:os';
import type { DiskReader } from '../disk.js';
import { LogctlError } from '../errors.js';
import {
  attributeBytesMax,
  attributeNames,
  CALL_NUMBERS,
  ERRNO,
  FCNTL,
  FLOCK,
  LEASE,
  RENAME,
  type KernelCalls,
} from './calls.js';

/**
 * The whole perl program, the same for every call. Descriptor 3 is our file; arguments: the call,
 * its number, milliseconds to try. It needs perl-base only: no module is loaded. Opened with `<`
 * whatever the descriptor's mode, because neither flock nor a lease reads or writes through it.
 * Answers `ok <result>` or `errno <number>`.
 */
const perlProgram = `
my ($call, $number, $tries) = @ARGV;
open(my $file, '<&=', 3) or die "no descriptor: $!";
my $result;
for (;;) {
  $! = 0;
  $result = $call eq 'flock' ? flock($file, 0 + $number)
    : $call eq 'getlease' ? fcntl($file, ${FCNTL.getLease}, 0)
    : fcntl($file, ${FCNTL.setLease}, 0 + $number);
  last if $result or $! != ${ERRNO.EAGAIN} or $tries-- <= 0;
  select(undef, undef, undef, 0.001);
}
my $errno = 0 + $!;
if ($result and $call eq 'setlease' and $number != ${LEASE.none}) {
  fcntl($file, ${FCNTL.setOwn}, 0);
}
print $result ? 'ok ' . (0 + $result) : "errno $errno";
`;

// Fixed places that only root can change: a perl found through PATH could be anybody's, and root's
// cron would run it.
const helperDirectories = ['/usr/bin', '/bin', '/run/current-system/sw/bin'];

/**
 * System calls that perl has no function for. Descriptor 3 is a file; arguments: the call, its
 * number, what it is given. Answers `ok <hex of what was written>` or `errno <number>`.
 */
const perlSystemCalls = `
my ($call, $number, $left, $right) = @ARGV;
my ($result, $names) = (-1, '');
if ($call eq 'attributes') {
  $names = "\\0" x ${attributeBytesMax};
  $result = syscall(0 + $number, 3, $names, ${attributeBytesMax});
} else {
  my ($here, $flags) = (${RENAME.atWorkingDirectory}, ${RENAME.exchange});
  $result = syscall(0 + $number, $here, $left, $here, $right, $flags);
}
print $result < 0 ? 'errno ' . (0 + $!) : 'ok ' . unpack('H*', substr($names, 0, $result));
`;

/** Gives the calls through perl; undefined where no trustworthy perl is installed. */
export function findPerlCalls(disk: DiskReader): KernelCalls | undefined {
  const perl = findHelper(disk, 'perl');
  if (perl === undefined) return undefined;
  const run = (fd: number, call: string, number: number, waitMs: number) => {
    const argv = ['-w', '-e', perlProgram, call, String(number), String(Math.ceil(waitMs))];
    return perlAnswer(spawnOn(fd, perl, argv, waitMs), perl);
  };
  return {
    via: 'perl',
    leases: platform() === 'linux',
    flockSliceMs: 40,
    flock: (fd, held, waitMs) =>
      errnoOf(run(fd, 'flock', held ? FLOCK.exclusive | FLOCK.now : FLOCK.unlock, waitMs)),
    setLease: (fd, type, waitMs) => errnoOf(run(fd, 'setlease', type, waitMs)),
    getLease: (fd) => run(fd, 'getlease', 0, 0),
    ...perlCalls(perl),
  };
}

/** What perl can only ask of the kernel where we know the numbers of its calls. */
function perlCalls(perl: string): Pick<KernelCalls, 'attributes' | 'exchange'> {
  const numbers = platform() === 'linux' ? CALL_NUMBERS[arch()] : undefined;
  if (numbers === undefined) return { attributes: () => undefined, exchange: () => undefined };
  const run = (fd: number | 'ignore', ...argv: string[]) => {
    const ran = spawnOn(fd, perl, ['-w', '-e', perlSystemCalls, ...argv], 0);
    const [, word, text] = /^(ok|errno) ([\da-f]*)$/.exec(ran.stdout) ?? [];
    if (text === undefined) throw helperFailed(perl, `status ${ran.status} ${ran.stderr}`);
    return word === 'ok' ? { errno: 0, text } : { errno: Number(text), text: '' };
  };
  return {
    attributes(fd) {
      const { errno, text } = run(fd, 'attributes', String(numbers.flistxattr));
      if (errno === 0) return attributeNames(Buffer.from(text, 'hex'));
      return errno === ERRNO.EOPNOTSUPP ? [] : undefined;
    },
    exchange: (left, right) =>
      run('ignore', 'exchange', String(numbers.renameat2), left, right).errno,
  };
}

/** Gives flock(1) of util-linux or busybox: locks without leases. Undefined without it. */
export function findFlockCalls(disk: DiskReader): KernelCalls | undefined {
  const flock = findHelper(disk, 'flock');
  if (flock === undefined) return undefined;
  return {
    via: 'flock',
    leases: false,
    flockSliceMs: 0,
    flock(fd, held) {
      const { status, stderr } = spawnOn(fd, flock, held ? ['-x', '-n', '3'] : ['-u', '3'], 0);
      // Status 1 without words is "another holds it"; with words it is an error of its own.
      if (status === 0) return 0;
      if (status === 1 && stderr === '') return ERRNO.EAGAIN;
      throw helperFailed(flock, `status ${status} ${stderr}`);
    },
    setLease: () => ERRNO.EINVAL,
    getLease: () => -ERRNO.EINVAL,
    attributes: () => undefined,
    exchange: () => undefined,
  };
}

function findHelper(disk: DiskReader, name: string): string | undefined {
  for (const directory of helperDirectories) {
    const path = `${directory}/${name}`;
    const stat = disk.stat(path);
    const ownedByRoot = stat?.uid === 0 && (stat.mode & 0o022) === 0;
    if (stat?.kind === 'file' && ownedByRoot) return path;
  }
  return undefined;
}

function spawnOn(fd: number | 'ignore', program: string, argv: string[], waitMs: number) {
  const options: SpawnSyncOptionsWithStringEncoding & { detached: boolean } = {
    stdio: ['ignore', 'pipe', 'pipe', fd],
    // No PERL5LIB, PERL5OPT or LD_PRELOAD of the caller reaches a helper root may run.
    env: { LC_ALL: 'C' },
    encoding: 'utf8',
    timeout: 10_000 + 4 * Math.ceil(waitMs),
    killSignal: 'SIGKILL',
    // A session of its own: Ctrl-Z and Ctrl-C at our terminal must not stop it half way.
    detached: true,
  };
  const { status, stdout, stderr, error } = spawnSync(program, argv, options);
  if (error !== undefined) throw helperFailed(program, error.message);
  return { status, stdout, stderr: stderr.trim() };
}

/** A result of 0 or more, or a negative errno. */
function perlAnswer(ran: { status: number | null; stdout: string; stderr: string }, perl: string) {
  const [, word, number] = /^(ok|errno) (\d+)$/.exec(ran.stdout) ?? [];
  if (number === undefined) throw helperFailed(perl, `status ${ran.status} ${ran.stderr}`);
  return word === 'ok' ? Number(number) : -Number(number);
}

const errnoOf = (answer: number) => (answer < 0 ? -answer : 0);

function helperFailed(program: string, words: string): LogctlError {
  const hint = 'install the npm package koffi, which needs no helper program';
  return new LogctlError('unsupported', `${program} could not lock for us: ${words}`, hint);
}
