/** Which logctl this is, and on what it runs. */

/** The version of package.json; a test keeps the two equal. */
export const version = '1.0.0';

/** The line of `logctl --version`. */
export function versionLine(): string {
  return `logctl ${version}, node ${process.versions.node}, ${process.platform} ${process.arch}`;
}
