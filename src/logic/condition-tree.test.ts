import { beforeAll, expect, test } from 'vitest';
import {
  callsOfCondition,
  callsPerRow,
  nodesOfCondition,
  relationsOfCondition,
  withRelations,
  wrapCalls,
} from './condition-tree.ts';
import { loadSqlParser } from './sql.ts';

beforeAll(loadSqlParser);

const isSteady = (name: string): boolean => /^(auth\.uid|current_setting|my_tenant)$/.test(name);

function faster(condition: string): string {
  return wrapCalls(condition, callsPerRow(condition, isSteady));
}

test('a call that no row decides gets a select of its own', () => {
  expect(faster('(auth.uid() = user_id)')).toBe('((select auth.uid()) = user_id)');
  expect(faster(`(tenant = (current_setting('app.tenant)'::text, true))::uuid)`)).toBe(
    `(tenant = ((select current_setting('app.tenant)'::text, true)))::uuid)`,
  );
});

test('of calls inside each other only the outermost is wrapped', () => {
  expect(faster('(tenant = my_tenant(auth.uid()))')).toBe('(tenant = (select my_tenant(auth.uid())))');
});

test('places are counted in characters, not in bytes', () => {
  expect(faster(`((label = 'é€𝄞'::text) AND (auth.uid() = user_id))`)).toBe(
    `((label = 'é€𝄞'::text) AND ((select auth.uid()) = user_id))`,
  );
});

test('a call that a column decides, one that may change and one that stands alone already stay as they are', () => {
  for (const condition of ['my_tenant(user_id)', '(random() < 0.5)', '(user_id = ( SELECT auth.uid() AS uid))'])
    expect(faster(condition)).toBe(condition);
});

test('inside a sub-query that reads a table a call is made for each of its rows', () => {
  expect(faster('(EXISTS ( SELECT 1 FROM members m WHERE (m.user_id = auth.uid())))')).toContain('(select auth.uid())');
});

test('tables of sub-queries are named as models name them, at any depth', () => {
  const condition =
    '(id IN ( SELECT a.id FROM public.a JOIN crm.b ON (b.id = a.id) WHERE (EXISTS ( SELECT 1 FROM public.c))))';
  expect(relationsOfCondition(condition)).toEqual(['a', 'crm.b', 'c']);
});

test('what does not parse has no nodes and no calls', () => {
  expect(nodesOfCondition('(id = ')).toBeUndefined();
  expect(callsOfCondition('(id = ')).toEqual([]);
});

test('a relation is read elsewhere, whatever it is called by and whatever stands before it', () => {
  const elsewhere = (text: string): string =>
    withRelations(text, name => (name === 'teams' ? 'past.teams' : undefined));
  expect(elsewhere(`(note = 'é' and exists (select 1 from teams t where t.id = team_id))`)).toBe(
    `(note = 'é' and exists (select 1 from past.teams t where t.id = team_id))`,
  );
  expect(elsewhere('id in (select id from "public"."teams" join members on teams.id = team_id)')).toBe(
    'id in (select id from past.teams join members on teams.id = team_id)',
  );
});
