/** shape: what is wrong with plain data from outside, in words. Strict: no member more. */

/** One place's rule. `fault`: the first place that breaks it and how; undefined where none does. */
export interface Shape {
  fault(value: unknown, at: string): string | undefined;
  isOptional?: true;
}

/** A shape for each member of T: one that is added to T without a shape does not compile. */
export type MemberShapes<T> = { [Name in keyof Required<T>]: Shape };

const rule = (words: string, holds: (value: unknown) => boolean): Shape => ({
  fault: (value, at) => (holds(value) ? undefined : `${at} is ${words}`),
});

/** Any text. */
export const text = rule('no text', (value) => typeof value === 'string');
/** True or false. */
export const flag = rule('neither true nor false', (value) => typeof value === 'boolean');
/** True, where false is said by leaving the member out. */
export const always = rule('not true', (value) => value === true);
/** A number that is one. */
export const number = rule('no number', Number.isFinite);

/** A text that can be the path of a file: not empty, no NUL, not `-`, which is standard input. */
export const path = rule('no path', (value) => {
  return typeof value === 'string' && value !== '' && value !== '-' && !value.includes('\0');
});

/** A name without a directory, that can be a file's. */
export const baseName = rule('no base name', (value) => {
  const isText = typeof value === 'string' && !/[/\0]/.test(value);
  return isText && !['', '.', '..', '-'].includes(value);
});

/** sha-256 in hex. */
export const hash = rule('no sha-256', (value) => {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
});

/** What is compared with a sha-256: of another length it is another one. */
export const hex = rule('not hex', (value) => {
  return typeof value === 'string' && /^[0-9a-f]+$/.test(value);
});

/** A moment as text: RFC 3339. */
export const time = rule('no time', (value) => {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
});

/** A whole number that JavaScript can hold. */
export const whole = (least = 0, most = Number.MAX_SAFE_INTEGER): Shape =>
  rule(`no whole number from ${least} on`, (value) => {
    return Number.isSafeInteger(value) && least <= (value as number) && (value as number) <= most;
  });

/** One of these words. */
export const oneOf = (...words: readonly string[]): Shape =>
  rule('none of what it may be', (value) => words.includes(value as string));

/** The same, or the member is not there. */
export const optional = ({ fault }: Shape): Shape => ({ fault, isOptional: true });

/** The same, or null. */
export const orNull = ({ fault }: Shape): Shape => ({
  fault: (value, at) => (value === null ? undefined : fault(value, at)),
});

/** A list, each item of which is so. */
export const listOf = (shape: Shape): Shape => ({
  fault(value, at) {
    if (!Array.isArray(value)) return `${at} is no list`;
    for (const [index, item] of value.entries()) {
      const found = shape.fault(item, `${at}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});

/** Exactly these members. */
export const membersOf = <T>(shapes: MemberShapes<T>): Shape => ({
  fault(value, at) {
    if (!isObject(value)) return `${at} is no object`;
    const known = new Map(Object.entries<Shape>(shapes));
    for (const [name, member] of Object.entries(value)) {
      const place = at === '' ? name : `${at}.${name}`;
      const shape = known.get(name);
      if (shape === undefined) return `${place} is unknown`;
      known.delete(name);
      const isLeftOut = member === undefined && shape.isOptional === true;
      const found = isLeftOut ? undefined : shape.fault(member, place);
      if (found !== undefined) return found;
    }
    for (const [name, { isOptional }] of known) {
      if (isOptional !== true) return `${at === '' ? name : `${at}.${name}`} is missing`;
    }
    return undefined;
  },
});

/** One of several kinds of objects, told by the text of their member `tag`. */
export const taggedBy = (tag: string, kinds: ReadonlyMap<string, Shape>): Shape => ({
  fault(value, at) {
    if (!isObject(value)) return `${at} is no object`;
    const kind = kinds.get(String(Object.entries(value).find(([name]) => name === tag)?.[1]));
    return kind === undefined ? `${at}.${tag} is none of what it may be` : kind.fault(value, at);
  },
});

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
