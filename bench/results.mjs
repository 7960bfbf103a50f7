// A run of the benchmark as a page: when, with which command, and what it printed.

const writing = ['--results', '--json'];

/** Returns the page. `printed`: what `npm run SCRIPT` printed when it was given `args`. */
export function resultsText(script, args, printed) {
  // Where something is written changes no figure.
  const given = args.filter((_, i) => ![args[i], args[i - 1]].some((arg) => writing.includes(arg)));
  const command = [`npm run ${script}`, ...(given.length > 0 ? ['--', ...given] : [])].join(' ');
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
