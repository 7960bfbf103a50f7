// A run of the benchmark as a page: when, with which command, and what it printed.

/** Returns the page. `printed`: what the run printed. `args`: of the run, without `--results`. */
export function resultsText(printed, args) {
  const at = args.indexOf('--results');
  const given = at === -1 ? args : args.toSpliced(at, 2);
  const command = ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
  const date = new Date().toISOString().slice(0, 10);
  return `# The benchmark's figures

Made on ${date} with \`${command}\`. What each column and bar means
stands in [README.md](README.md). Machines differ and have noisy neighbours: quote the ratios, and
mind the load.

\`\`\`text
${printed.join('\n')}
\`\`\`
`;
}
