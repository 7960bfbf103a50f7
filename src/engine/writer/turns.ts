/** turns: asynchronous work on one thing, one piece after the other. */

/** Runs what it is given in order, each after the one before has ended, however it ended. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(act);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
