import { expect, test } from 'vitest';
import type { Cell } from '../core/cell.ts';
import type { DatabaseFunction, Policy, Table } from '../model/database/types.ts';
import type { OwnAccess } from '../prove/exploit/own-access.ts';
import { lossesOf } from './blame.ts';
import { bareTable, billingTenancy, emptyDatabase } from './fixtures/billing-app.ts';
import type { ProposedFix } from './propose.ts';

function table(name: string, more: Partial<Table> = {}): Table {
  return { ...bareTable, name, ...more };
}

function narrowing(name: string): ProposedFix {
  return {
    title: `Narrow ${name}`,
    explanation: '',
    findings: [name],
    edits: [],
    newFiles: [
      {
        file: `supabase/migrations/narrow_${name}.sql`,
        text: `alter policy "all" on "${name}" using (user_id = auth.uid());\n`,
      },
    ],
    basis: 'tenancy',
  };
}

function asking(name: string, returns: string, body: string): DatabaseFunction {
  return {
    name,
    schema: 'public',
    signature: `${name}()`,
    arguments: [],
    returns,
    returnsSet: false,
    language: 'sql',
    securityDefiner: false,
    owner: 'owner',
    body,
    volatility: 'stable',
    grants: [],
  };
}

function suspects(object: Table, functions: readonly DatabaseFunction[] = []): readonly string[] {
  const cell = (verdict: Cell['verdict']): Cell => ({
    schema: 'public',
    object: object.name,
    objectKind: 'table',
    role: 'authenticated',
    actor: 'member',
    command: 'insert',
    verdict,
    tier: 'api',
    because: 'It was seen.',
    evidence: [],
  });
  const database = { ...emptyDatabase, tables: [object, table('questions'), table('badges')], functions };
  const side = (verdict: Cell['verdict']) => ({
    cells: [cell(verdict)],
    access: [],
    tenancy: billingTenancy,
    database,
  });
  return lossesOf([narrowing('questions'), narrowing('badges')], {
    before: side('isolated'),
    after: side('leaks'),
  }).flatMap(loss => loss.suspects.map(({ title }) => title));
}

test('what opens a table that no repair changes is put down to the repair of what it hangs on', () => {
  const key = {
    name: 'votes_question',
    columns: ['question_id'],
    table: 'questions',
    referencedColumns: ['id'],
    onDelete: 'cascade' as const,
  };
  expect(suspects(table('votes', { foreignKeys: [key] }))).toEqual(['Narrow questions']);
});

test('or of what its policies ask', () => {
  const policy: Policy = {
    name: 'all',
    table: 'votes',
    command: 'insert',
    permissive: true,
    roles: ['authenticated'],
    check: 'exists (select 1 from badges b where b.user_id = auth.uid())',
  };
  expect(suspects(table('votes', { policies: [policy] }))).toEqual(['Narrow badges']);
});

test('through functions too', () => {
  const wears = asking('wears', 'boolean', 'select exists (select 1 from badges b where b.user_id = auth.uid())');
  const policy: Policy = {
    name: 'all',
    table: 'votes',
    command: 'insert',
    permissive: true,
    roles: ['authenticated'],
    check: 'wears()',
  };
  expect(suspects(table('votes', { policies: [policy] }), [wears])).toEqual(['Narrow badges']);
});

test('and to all of them where nothing ties it to one', () => {
  expect(suspects(table('votes'))).toEqual(['Narrow questions', 'Narrow badges']);
});

test('what a function no longer does for its caller is put down to the repair of a table in its body', () => {
  const count = asking('count_badges', 'bigint', 'select count(*) from badges');
  const database = { ...emptyDatabase, tables: [table('questions'), table('badges')], functions: [count] };
  const calls: OwnAccess = {
    role: 'authenticated',
    actor: 'member',
    command: 'execute',
    table: 'count_badges',
    as: 'member',
  };
  const side = (access: readonly OwnAccess[]) => ({ cells: [], access, tenancy: billingTenancy, database });
  const losses = lossesOf([narrowing('questions'), narrowing('badges')], { before: side([calls]), after: side([]) });
  expect(losses.map(({ detail, suspects: all }) => [detail, all.map(({ title }) => title)])).toEqual([
    ["A member who calls 'count_badges' would no longer reach rows of the own tenant by it.", ['Narrow badges']],
  ]);
});
