/** Rows of one kind as a table of Markdown: a column for each field, in the order in which they first appear. */
export function table(rows) {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  const line = cells => `| ${cells.join(' | ')} |`;
  return [line(names), line(names.map(() => '---')), ...rows.map(row => line(names.map(name => row[name] ?? '')))].join(
    '\n',
  );
}
