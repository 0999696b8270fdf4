import { stripVTControlCharacters } from 'node:util';
import { redact } from '../../core/redact.ts';
import { withoutControls } from '../controls.ts';

/** A text from the target, fit for a terminal: without secrets, and without characters that could move the cursor. */
export function clean(text: string): string {
  return withoutControls(redact(text), '').replaceAll('\t', '  ');
}

/** How many columns a text takes, colour codes not counted. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** A text filled up with spaces on the right. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** A text filled up with spaces on the left. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** A plain text shortened on the right. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** A plain text shortened on the left, where a file's path is least telling. */
export function cutStart(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width
    ? text
    : `…${characters.slice(characters.length - Math.max(0, width - 1)).join('')}`;
}

/** A plain text in lines that fit; a word longer than a line is broken. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(part => part !== '')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (widthOf(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = chunk(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  return line === '' ? lines : [...lines, line];
}

function chunk(word: string, width: number): readonly string[] {
  const characters = [...word];
  const size = Math.max(8, width);
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, index) =>
    characters.slice(index * size, (index + 1) * size).join(''),
  );
}

/** Lines of a text that keeps its own breaks (SQL, a transcript, an answer), each wrapped. */
export function wrapLines(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap(line => {
    if (widthOf(line) <= width) return [line.trimEnd()];
    const indent = line.length - line.trimStart().length;
    // A comment stays a comment on its next line, so that a transcript still runs when it is copied.
    if (line.trimStart().startsWith('--'))
      return wrap(line.trimStart().slice(2), width - indent - 3).map(part => `${' '.repeat(indent)}-- ${part}`);
    return wrap(line, width - indent - 2).map((part, index) => ' '.repeat(index === 0 ? indent : indent + 2) + part);
  });
}
