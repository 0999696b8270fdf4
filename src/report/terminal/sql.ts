import { type Pen } from './pen.ts';
import { clean, padEnd, wrap } from './text.ts';

/** A query, wrapped, with its unbound part in the warm colour and a remark on the mark beneath it. */
export function sqlLines(
  pen: Pen,
  sql: string,
  unbound: string | undefined,
  remark: string,
  indent: number,
): readonly string[] {
  const text = clean(sql).replace(/\s+/g, ' ').trim();
  const lines = wrap(text, pen.width - indent);
  const margin = ' '.repeat(indent);
  const part = unbound === undefined ? '' : clean(unbound).replace(/\s+/g, ' ').trim();
  const start = part === '' ? -1 : text.indexOf(part);
  if (start < 0) return lines.map(line => margin + line);
  return markPart({ pen, lines, margin, start, end: start + part.length, remark });
}

interface Marking {
  readonly pen: Pen;
  readonly lines: readonly string[];
  readonly margin: string;
  readonly start: number;
  readonly end: number;
  readonly remark: string;
}

function markPart({ pen, lines, margin, start, end, remark }: Marking): readonly string[] {
  const result: string[] = [];
  let offset = 0;
  for (const line of lines) {
    const from = Math.max(0, start - offset);
    const to = Math.min(line.length, end - offset);
    const touched = from < to;
    result.push(margin + (touched ? line.slice(0, from) + pen.warm(line.slice(from, to)) + line.slice(to) : line));
    const last = touched && end <= offset + line.length;
    if (last) result.push(...remarkLines(pen, margin, Math.max(0, from), remark));
    // The wrapped lines are the text without the one space at each break.
    offset += line.length + 1;
  }
  return result;
}

function remarkLines(pen: Pen, margin: string, column: number, remark: string): readonly string[] {
  const room = pen.width - margin.length - 2;
  const shifted = Math.min(column, Math.max(0, room - remark.length));
  const lead = column === shifted ? `${padEnd('', column)}▲ ` : `${padEnd('', column)}▲`;
  if (column === shifted)
    return wrap(remark, room - column).map(
      (line, index) => margin + pen.warm(index === 0 ? lead + line : `${padEnd('', column + 2)}${line}`),
    );
  return [
    margin + pen.warm(lead),
    ...wrap(remark, room).map(line => margin + pen.warm(padEnd('', Math.min(shifted, column)) + line)),
  ];
}
