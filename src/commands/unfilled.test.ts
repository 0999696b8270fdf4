import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { silentProgress } from '../core/ports.ts';
import { createContext } from './context.ts';
import { runRules } from './rules.ts';

const context = createContext(silentProgress);
const folder = mkdtempSync(join(tmpdir(), 'unfilled-'));

afterAll(async () => {
  await context.lifetime.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `seals` takes no row that is made up: what its check asks for is known to nobody. */
const schema = `create table firms (id uuid primary key);
create table staff (firm_id uuid not null references firms, user_id uuid not null, primary key (firm_id, user_id));
create function is_seal(text) returns boolean language sql immutable as $$ select md5($1) = '0cc175b9c0f1b6a831c399e269772661' $$;
create table seals (id uuid primary key, firm_id uuid not null references firms, code text not null check (is_seal(code)));
create table kept (like seals including all, foreign key (firm_id) references firms);
create table closed (like seals including all, foreign key (firm_id) references firms);
create view shown as select id, code from seals;
create role app login;
grant select on firms, staff, seals, kept, shown to app;
alter table staff enable row level security;
create policy own on staff to app using (firm_id = current_setting('app.firm')::uuid);
alter table kept enable row level security;
create policy own on kept to app using (firm_id = current_setting('app.firm')::uuid);
`;

test('where no row of another tenant could be made, none was kept out of reach', async () => {
  writeFileSync(join(folder, 'schema.sql'), schema);
  const { cells, gaps } = await runRules(folder, {}, context);
  const reads = (object: string): ReadonlySet<string> =>
    new Set(
      cells
        .filter(cell => cell.object === object && cell.command === 'select')
        .map(({ verdict, evidence }) => [verdict, ...evidence.map(({ kind }) => kind)].join(' ')),
    );
  expect(reads('seals')).toEqual(new Set(['unknown']));
  expect(reads('shown')).toEqual(new Set(['unknown']));
  expect(reads('kept')).toEqual(new Set(['isolated proof']));
  // Privileges refuse whatever rows there are.
  expect(reads('closed')).toEqual(new Set(['isolated proof']));
  expect(gaps.map(({ reason }) => reason).filter(reason => /'seals'/.test(reason))).toEqual([
    expect.stringMatching(/^No row could be made for 'seals'/),
  ]);
});
