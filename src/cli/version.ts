/** Which logctl this is, and on what it runs. */
import { version } from '../version.js';

export { version };

/** The line of `logctl --version`. `locksVia`: how file locks are reached; `none`: not at all. */
export function versionLine(locksVia: string): string {
  const { platform, arch, versions } = process;
  const system = `node ${versions.node}, ${platform} ${arch}`;
  return `logctl ${version}, ${system}, kernel locks: ${locksVia}`;
}
