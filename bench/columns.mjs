// Figures in columns, and the figure in the middle of several.

/** Returns rows of texts as lines: the first column to the left, figures to the right. */
export function aligned(rows, { leftColumns = 1 } = {}) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => {
    const cells = row.map((cell, i) =>
      i < leftColumns ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    return `  ${cells.join('  ')}`;
  });
}

/** Returns the value in the middle, or the mean of the two there. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Returns the value that this share of all is not above, 0 to 1; undefined without values. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}
