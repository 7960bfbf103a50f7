/** Words on a terminal: widths, wrapping, shortening, labelled rows. */

/** Columns `text` takes: wide characters two, combining ones none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

function charWidth(char: string): number {
  if (char <= '\u02ff') return 1;
  if (/\p{M}/u.test(char)) return 0;
  return wide.test(char) ? 2 : 1;
}

/** The blocks of Unicode's East Asian Width that are wide as a whole, and emoji. */
const wide = new RegExp(
  '[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f' +
    '\\uff00-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}\\p{Emoji_Presentation}]',
  'u',
);

/** Gives `text` in at most `widthMax` columns, the middle replaced by `...`. */
export function shorten(text: string, widthMax: number): string {
  if (widthOf(text) <= widthMax) return text;
  const room = Math.max(2, widthMax - 3);
  const chars = [...text];
  const head = take(chars, Math.ceil(room / 2));
  const tail = take(chars.reverse(), Math.floor(room / 2)).reverse();
  return `${head.join('')}...${tail.join('')}`;
}

function take(chars: string[], widthMax: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const char of chars) {
    width += charWidth(char);
    if (width > widthMax) break;
    taken.push(char);
  }
  return taken;
}

/** Cuts `text` at spaces into lines of at most `widthMax` columns; longer words are broken. */
export function wrap(text: string, widthMax: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= widthMax) {
      line += ` ${word}`;
      continue;
    }
    if (line !== undefined) lines.push(line.trimEnd());
    line = word;
    while (widthOf(line) > widthMax) {
      const head: string = take([...line], widthMax).join('');
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, (line ?? '').trimEnd()];
}

/** Wraps `text` behind `label`, which `labelWidth` columns are kept for; further lines hang. */
export function labelled(
  label: string,
  text: string,
  { labelWidth, columns }: { labelWidth: number; columns: number },
  paint: (label: string) => string = (plain) => plain,
): string[] {
  const gap = ' '.repeat(Math.max(1, labelWidth - widthOf(label)));
  const lines = wrap(text, Math.max(20, columns - 2 - labelWidth));
  return lines.map((line, at) =>
    at === 0 ? `  ${paint(label)}${gap}${line}` : `  ${' '.repeat(labelWidth)}${line}`,
  );
}

/** Wraps a paragraph, two columns in. */
export function paragraph(text: string, columns: number): string[] {
  return wrap(text, columns - 4).map((line) => `  ${line}`);
}

/** Joins blocks of lines with an empty line between them; empty blocks vanish. */
export function page(blocks: string[][]): string {
  const texts = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return texts.length === 0 ? '' : `${texts.join('\n\n')}\n`;
}
