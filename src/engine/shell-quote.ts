/** shell-quote: words for a command line that can be copied into a shell. */

/** What a terminal acts on, or a reader cannot see. Source: Unicode 15, `Cc Cf Zl Zp Cs`. */
const unseen = () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Quotes a word for the shell. A word with characters that no terminal should see is written as
 * $'...', which bash, zsh and ksh understand.
 */
export function shellQuote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const pattern = unseen();
  if (!pattern.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const chars = [...word].map((char) => {
    if (char === '\\' || char === "'") return `\\${char}`;
    return pattern.test(char) ? ansiC(char) : char;
  });
  return `$'${chars.join('')}'`;
}

function ansiC(char: string): string {
  const hex = char.codePointAt(0)!.toString(16);
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
