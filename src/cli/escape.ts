/** Makes text from logs and paths harmless for terminals: nothing in it can move a cursor. */

/**
 * What a terminal acts on, or a reader cannot see: C0, DEL and C1; soft hyphen; bidi controls;
 * zero-width characters and the BOM; U+2028/9; interlinear marks; tag characters; lone surrogates.
 * Source: Unicode 15 `Cf`, `Zl`, `Zp`, `Cs`; ECMA-48 for the controls. With the `u` flag
 * \p{Cs} matches lone surrogates only, a pair is one code point.
 */
const makeUnsafe = () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The same without what JSON.stringify has escaped already and without JSON's own white space. */
const makeUnsafeInJson = () => /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text of such characters alone needs neither: they take 2 ms each to be made. */
const isPlain = (text: string): boolean => /^[ -~]*$/.test(text);

/** Gives `text` with every unsafe character as `\u{hex}`; newlines too. For human eyes. */
export function escape(text: string): string {
  if (isPlain(text)) return text;
  return text.replace(makeUnsafe(), (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/**
 * Gives JSON text whose parsed value is the same and which a terminal can be shown: unsafe
 * characters become \uXXXX. They can only stand inside strings, controls below U+0020 not even
 * there; but a carriage return between two tokens is legal and would overwrite the line.
 */
export function safeJson(json: string): string {
  if (isPlain(json)) return json;
  return json.replace(makeUnsafeInJson(), unitEscapes).replaceAll('\r', ' ');
}

/** Gives a copy of plain data with every string in it escaped, member names too. */
export function escapeAll<T>(data: T): T {
  return escapeValue(data) as T;
}

function escapeValue(value: unknown): unknown {
  if (typeof value === 'string') return escape(value);
  if (Array.isArray(value)) return value.map(escapeValue);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, inner]) => [escape(name), escapeValue(inner)]);
  // fromEntries defines members, so one called __proto__ is a member like others.
  return Object.fromEntries(members);
}

function unitEscapes(char: string): string {
  let text = '';
  for (let at = 0; at < char.length; at += 1) {
    text += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return text;
}
