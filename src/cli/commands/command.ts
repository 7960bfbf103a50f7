/** What a command module is. */
import type { Command } from 'commander';
import type { Report } from '../../engine/index.js';
import type { Io } from '../io.js';
import type { Session } from '../session.js';

/**
 * A report and where its text goes: to stderr when stdout carries a state or records, nowhere when
 * all has been said and only the exit code counts.
 */
export interface Outcome {
  report: Report;
  stream: 'out' | 'err' | 'none';
}

/** A file of this directory: its exports make a command. */
export interface CommandModule {
  /** Adds arguments and options. */
  define(command: Command, io: Io): void;
  /** Does the work with the parsed `command`. Throws LogctlError. */
  run(session: Session, command: Command): Promise<Outcome>;
}
