import { expect, test } from 'vitest';
import { rowsId, splitTranscript } from './transcript.ts';

const rows = `begin;
-- rows of tenants A and B
set local session_replication_role = replica;
insert into notes values (1, 'of B');
set local session_replication_role = origin;
`;

test('a transcript is split after the rows it makes', () => {
  const attempt = 'set local role anon;\nselect * from notes;\nrollback;\n';
  expect(splitTranscript(`${rows}\n${attempt}`)).toEqual({ rows, attempt });
});

test('a transcript that makes no rows is left whole', () => {
  expect(splitTranscript('select 1;')).toEqual({ rows: undefined, attempt: 'select 1;' });
});

test('the same rows have the same id', () => {
  expect(rowsId(rows)).toBe(rowsId(`${rows}`));
  expect(rowsId(rows)).not.toBe(rowsId(`${rows}-- more`));
});
