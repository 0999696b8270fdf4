import { beforeAll, describe, expect, test } from 'vitest';
import { loadParser, splitStatements } from './statements.ts';
import { decodeSql } from './sql-file.ts';

beforeAll(loadParser);

const textsOf = (text: string): readonly string[] => splitStatements(text).map(statement => statement.text);

describe('the statements of a file', () => {
  test('are those around the rows of a dump, on their own lines', () => {
    const dump = `\\restrict k3y
create table notes (id int, body text);
COPY public.notes (id, body) FROM stdin;
1	it's; a "quote
2	$$ create policy
\\.

alter table notes enable row level security;
\\unrestrict k3y
`;
    const statements = splitStatements(dump);
    expect(statements.map(({ line, text }) => [line, text.split(' ').slice(0, 2).join(' ')])).toEqual([
      [2, 'create table'],
      [3, 'COPY public.notes'],
      [8, 'alter table'],
    ]);
    expect(textsOf('copy notes from stdin;\nselect 1;')).toHaveLength(2);
  });

  test('are not those that take a migration back', () => {
    const both = (up: string, down: string): string => `${up}\ncreate table a ();\n${down}\ndrop table a;\n`;
    for (const [up, down] of [
      ['-- Up Migration', '-- Down Migration'],
      ['-- up migration', '--- DOWN MIGRATION\r'],
      ['-- +goose Up', '-- +goose Down'],
      ['-- migrate:up', '-- migrate:down'],
    ] as const)
      expect(textsOf(both(up, down))).toEqual(['create table a ()']);
    expect(textsOf(both('-- Up Migration', '-- the down migration drops it'))).toHaveLength(2);
    expect(textsOf(both('', '-- slow down'))).toHaveLength(2);
  });
});

test('a file is read in the encoding in which it was written', () => {
  const text = "select 'für';\n";
  expect(decodeSql(Buffer.from(text))).toBe(text);
  expect(decodeSql(Buffer.from(`\uFEFF${text}`))).toBe(text);
  expect(decodeSql(Buffer.from(`\uFEFF${text}`, 'utf16le'))).toBe(text);
  expect(decodeSql(Buffer.from(text, 'utf16le'))).toBe(text);
  expect(decodeSql(Buffer.from(`\uFEFF${text}`, 'utf16le').swap16())).toBe(text);
});
