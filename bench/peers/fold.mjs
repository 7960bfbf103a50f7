// What both plain programs do with a line: parse it and keep the last value of its key in a Map.

/** Returns an empty state with its line count. */
export function newFold() {
  return { lines: 0, state: new Map() };
}

/** Parses one line of a progressive log and applies it. */
export function foldLine(fold, line) {
  fold.lines += 1;
  const entry = JSON.parse(line);
  if (entry.op === 'SET') fold.state.set(entry.key, entry.value);
  else if (entry.op === 'DELETE') fold.state.delete(entry.key);
  else if (entry.op === 'CHECKPOINT') fold.state = new Map(Object.entries(entry.state));
}

/** Prints what was found, so that a run can be seen to have read it all. */
export function printFold({ lines, state }) {
  console.log(`${lines} lines, ${state.size} keys`);
}
