import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Replica } from '../../core/ports.ts';
import type { Change } from '../../core/rules.ts';
import { loadSqlParser } from '../../logic/sql.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { library, replayed, type Replayed } from '../fixtures/replayed.ts';
import { compareRules } from './compare.ts';
import { findRenames, messagesNow } from './renames.ts';

let replica: Replica;
let base: Replayed;

beforeAll(async () => {
  await loadSqlParser();
  replica = await startReplica();
  base = await replayed(replica, library);
}, 30_000);

afterAll(async () => {
  await replica.stop();
});

async function changes(text: string, from = base): Promise<readonly Change[]> {
  return compareRules(from, await replayed(replica, library + text));
}

function wordsOf(found: readonly Change[], direction?: Change['direction']): readonly string[] {
  return found.filter(change => direction === undefined || change.direction === direction).map(change => change.words);
}

test('the same schema has no change', async () => {
  expect(await changes('')).toEqual([]);
});

test('a policy that lets everybody in is told by what becomes reachable, and by the policy', async () => {
  const found = await changes('create policy "all loans" on loans for select to authenticated using (true);');
  expect(wordsOf(found, 'worse')).toEqual(["any signed-in user can now read other tenants' rows of 'loans'"]);
  expect(found[0]).toMatchObject({
    kind: 'cell',
    role: 'authenticated',
    commands: ['select'],
    before: 'isolated',
    after: 'leaks',
  });
  expect(wordsOf(found, 'changed')).toEqual([
    "policy 'all loans' of 'loans' is new: select to authenticated using (true)",
  ]);
  expect(found.find(change => change.kind === 'policy')).toMatchObject({ file: 'schema.sql' });
});

test('members of any tenant are told apart from any signed-in user', async () => {
  const loose =
    'create policy "staff fines" on fines for update to authenticated using (exists (select 1 from staff s where s.user_id = auth.uid())) with check (true);';
  const found = await changes(
    `${loose} create policy "staff reads" on fines for select to authenticated using (exists (select 1 from staff s where s.user_id = auth.uid()));`,
  );
  expect(wordsOf(found, 'worse')).toContain(
    "members of any tenant can now read and change other tenants' rows of 'fines'",
  );
});

test('the way back is better, and says what is no longer possible', async () => {
  const open = await replayed(replica, `${library} alter table fines disable row level security;`);
  const found = compareRules(open, base);
  expect(wordsOf(found, 'worse')).toEqual([]);
  expect(wordsOf(found, 'better')).toContain(
    "anyone on the internet can no longer read, add, change or delete other tenants' rows of 'fines'",
  );
  expect(wordsOf(found, 'better')).toContain("row security of 'fines' is now on");
  expect(compareRules(base, open)[0]?.direction).toBe('worse');
});

test('a command that is granted or served for the first time is a change, not a fault', async () => {
  const found = await changes(
    'create policy "own fines written" on fines for update to authenticated using (works_at(branch_id)) with check (works_at(branch_id)); revoke select on genres from anon;',
  );
  expect(wordsOf(found, 'worse')).toEqual([]);
  expect(wordsOf(found)).toContain("authenticated can now change 'fines', the rows that its policies allow");
  expect(wordsOf(found)).toContain("anyone on the internet can no longer read 'genres'");
  expect(wordsOf(found)).toContain("anon is no longer granted select on 'genres'");
});

test('tables, views and functions that come and go are named', async () => {
  const found = await changes(`
    create table holds (id uuid primary key, branch_id uuid not null references branches (id));
    create view open_fines as select id, branch_id, cents from fines;
    create function total() returns bigint language sql security definer set search_path = '' as $$ select sum(cents) from public.fines $$;
    drop table genres;
  `);
  const words = wordsOf(found);
  expect(words).toContain("table 'holds' is new: row security off, 0 policies");
  expect(words).toContain("anyone on the internet can read, add, change and delete other tenants' rows of 'holds'");
  expect(words).toContain("view 'open_fines' is new: it reads with the rights of its owner");
  expect(words).toContain("function 'total()' is new: it runs with the rights of its owner");
  expect(words).toContain("table 'genres' is gone");
});

test('a policy that refuses its owners makes it worse', async () => {
  const found = await changes(
    'drop policy "own fines" on fines; create policy "no fines" on fines for select to authenticated using (works_at(id));',
  );
  expect(wordsOf(found, 'worse')).toEqual(["nobody can now read 'fines', not even the tenant that owns the rows"]);
});

test('a function that begins to run with the rights of its owner is worse', async () => {
  const text = (rights: string): string =>
    `create or replace function mine() returns setof loans language sql stable ${rights} set search_path = '' as $$ select * from public.loans $$;`;
  const from = await replayed(replica, library + text('security invoker'));
  const found = await changes(text('security definer'), from);
  expect(wordsOf(found, 'worse')).toContain("function 'mine()' now runs with the rights of its owner");
  expect(wordsOf(found, 'worse')).toContain("any signed-in user can now reach other tenants' rows through 'mine'");
});

const renamed = `alter table loans rename to lendings; alter policy "own loans" on lendings rename to "own lendings";`;

test('what is only called something else is told as that, and what it opens or closes as before', async () => {
  expect(wordsOf(await changes(renamed))).toEqual([
    "table 'loans' is now called 'lendings'",
    "policy 'own loans' of 'lendings' is now called 'own lendings'",
  ]);
  const opened = await changes(`${renamed} create policy "all" on lendings for select to authenticated using (true);`);
  expect(wordsOf(opened, 'worse')).toEqual(["any signed-in user can now read other tenants' rows of 'lendings'"]);
});

test('a function and a view that are called something else are the same, and so is what names them', async () => {
  const more = `create function loan_count(branch uuid) returns bigint language sql stable set search_path = '' as $$ select count(*) from public.loans where branch_id = branch $$;
    create function busy(branch uuid) returns boolean language sql stable set search_path = '' as $$ select public.loan_count(branch) > 9 $$;
    create view all_loans with (security_invoker = true) as select id, branch_id from loans;
    create view late_loans with (security_invoker = true) as select id from all_loans where works_at(branch_id);`;
  const before = await replayed(replica, library + more);
  const calls = `alter view all_loans rename to every_loan; alter function works_at(uuid) rename to is_staff_of;
    alter function loan_count(uuid) rename to count_loans;
    create or replace function busy(branch uuid) returns boolean language sql stable set search_path = '' as $$ select public.count_loans(branch) > 9 $$;`;
  const after = await replayed(replica, library + more + calls);
  expect(wordsOf(compareRules(before, after))).toEqual([
    "function 'loan_count' is now called 'count_loans'",
    "view 'all_loans' is now called 'every_loan'",
    "function 'works_at' is now called 'is_staff_of'",
  ]);
  const other = await replayed(
    replica,
    `${library}${more}drop view all_loans cascade; create view every_loan as select id, branch_id from loans;`,
  );
  const words = wordsOf(compareRules(before, other));
  expect(words).toContain("view 'all_loans' is gone");
  expect(words).toContain("view 'every_loan' is new: it reads with the rights of its owner");
});

test('a policy that is dropped and made again with the same meaning is no change', async () => {
  const again = (table: string, says: string): string =>
    `drop policy "own ${table}" on ${table}; create policy "own ${table}" on ${table} ${says};`;
  const same = [
    again('fines', 'for select to authenticated using (((works_at(branch_id))))'),
    again('fines', 'for select to authenticated using ((select works_at(branch_id)))'),
    again('loans', 'to authenticated using (works_at(branch_id))'),
  ];
  for (const text of same) expect(wordsOf(await changes(text))).toEqual([]);
  const own = (
    condition: string,
  ): string => `${library} create table cards (id uuid primary key, user_id uuid not null references auth.users, note text);
    alter table cards enable row level security; create policy "own cards" on cards for select to authenticated using (${condition});`;
  const before = await replayed(replica, own('user_id = auth.uid()'));
  const wordsNow = async (condition: string): Promise<readonly string[]> =>
    wordsOf(compareRules(before, await replayed(replica, own(condition))));
  expect(await wordsNow('(select auth.uid()) = user_id')).toEqual([]);
  expect(await wordsNow('user_id = auth.uid() and note is not null')).toHaveLength(1);
  expect((await wordsNow('user_id <> auth.uid()')).length).toBeGreaterThan(1);
});

test('a finding about what is called something else is the same', async () => {
  const after = await replayed(replica, library + renamed);
  const renames = findRenames(base.database, after.database);
  expect(messagesNow("Under the policy 'own loans' on 'loans', members may read.", renames)).toEqual([
    "Under the policy 'own lendings' on 'lendings', members may read.",
  ]);
});

test('a column that is called something else is told once, and not where policies name it', async () => {
  const table = base.database.tables.find(({ name }) => name === 'loans');
  const column = table?.foreignKeys[0]?.columns[0] ?? '';
  const found = await changes(`alter table loans rename column ${column} to lent_${column};`);
  expect(wordsOf(found)).toEqual([`column '${column}' of 'loans' is now called 'lent_${column}'`]);
});

test('a table of other columns is another one', async () => {
  const found = await changes('drop table loans cascade; create table lendings (id bigint primary key, note text);');
  expect(wordsOf(found)).toContain("table 'loans' is gone");
  expect(wordsOf(found).some(words => words.startsWith("table 'lendings' is new"))).toBe(true);
});
