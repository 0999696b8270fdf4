import { expect, test } from 'vitest';
import { readConfig } from '../config/read-config.ts';
import { notesDatabase } from '../judge/fixtures/judged-notes.ts';
import { notesSource } from '../model/app/fixtures/inline-app.ts';
import { inferTenancy } from '../model/tenancy/infer.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { declaredFunctions, idleDeclarations, publicEntries, tenancyHints, withoutIgnored } from './configure.ts';

function read(text: string): ReturnType<typeof readConfig> {
  return readConfig('drydock.config.ts', `export default ${text}`);
}

function tenancy(text: string): TenancyModel {
  return inferTenancy(notesDatabase, tenancyHints(read(text), notesDatabase).hints);
}

function ownerOf(model: TenancyModel, table: string): unknown {
  return model.owners.find(owner => owner.table === table);
}

test('a table that is declared public belongs to nobody, and keeps the reason', () => {
  expect(ownerOf(tenancy("{ public: { tables: { notes: 'a wiki' } } }"), 'notes')).toMatchObject({
    ownership: { kind: 'shared', because: 'a wiki' },
    confidence: 'declared',
  });
});

test('a way to the tenant that is declared is taken', () => {
  expect(ownerOf(tenancy("{ tenancy: { owners: { comments: 'body -> notes.id' } } }"), 'comments')).toMatchObject({
    ownership: { kind: 'tenant', path: [{ column: 'body', table: 'notes' }, { column: 'team_id' }] },
    confidence: 'declared',
  });
});

test('columns are made secret, and made open', () => {
  expect(ownerOf(tenancy("{ tenancy: { secretColumns: { notes: ['title'] } } }"), 'notes')).toMatchObject({
    secretColumns: ['title'],
  });
  expect(ownerOf(tenancy('{}'), 'users')).toMatchObject({ secretColumns: ['password_hash'] });
  expect(ownerOf(tenancy("{ tenancy: { openColumns: { users: ['password_hash'] } } }"), 'users')).toMatchObject({
    secretColumns: [],
  });
});

test('tables and columns that do not exist are told, with what was meant', () => {
  const { problems } = tenancyHints(
    read("{ tenancy: { root: 'team', owners: { note: 'x', notes: 'team' } } }"),
    notesDatabase,
  );
  expect(problems.map(problem => problem.message)).toEqual([
    "There is no table 'note'. Did you mean 'notes'?",
    "'notes' has no column 'team'. Did you mean 'team_id'?",
    "There is no table 'team'. Did you mean 'teams'?",
  ]);
});

test('functions are found through re-exports, in classes and in objects', () => {
  const source = notesSource({
    'app/page.tsx': 'export default () => null',
    'lib/index.ts': "export * from './inner'; export { check as verify } from './inner';",
    'lib/inner.ts': `export async function check() {} export class Auth { static async team() {} } export const guards = { admin: async () => {} };`,
  });
  const named = (name: string): readonly string[] =>
    declaredFunctions(read(`{ guards: { '${name}': { signedIn: true } } }`), source).problems.map(each => each.message);
  expect(
    ['lib/index.ts#check', 'lib/index.ts#verify', 'lib/inner.ts#Auth.team', 'lib/inner.ts#guards.admin'].flatMap(named),
  ).toEqual([]);
  expect(named('lib/inner.ts#chek')).toEqual(["'lib/inner.ts' exports no 'chek'. Did you mean 'check'?"]);
  expect(named('lib/iner.ts#check')).toEqual([
    "There is no file 'lib/iner.ts'. Did you mean 'lib/inner.ts' or 'lib/index.ts'?",
  ]);
  expect(named('lib/inner.ts#guards.owner')).toEqual(["'guards' in 'lib/inner.ts' has no method 'owner'."]);
});

test('an entry point that is declared public must exist', () => {
  const entry = {
    kind: 'route-handler',
    name: 'GET /share/[id]',
    route: '/share/[id]',
    method: 'GET',
    file: 'a.ts',
    line: 1,
    symbol: 'GET',
  } as const;
  const open = (name: string): ReturnType<typeof publicEntries> =>
    publicEntries(read(`{ public: { entries: { '${name}': 'shared' } } }`), [entry]);
  expect([...open('/share/[id]').reasons]).toEqual([['GET /share/[id]', 'shared']]);
  expect(open('GET /share').problems.map(problem => problem.message)).toEqual([
    "No entry point is called 'GET /share'. Did you mean 'GET /share/[id]'?",
  ]);
});

test('a declaration that nothing calls is told', () => {
  const config = read("{ guards: { 'lib/access.ts#isMember': { member: 'arguments[1]' } } }");
  const app = { declared: { used: [], unclear: [] } } as unknown as Parameters<typeof idleDeclarations>[1];
  expect(idleDeclarations(config, app, tenancy('{}'), []).map(problem => problem.message)).toEqual([
    "Nothing that was traced calls 'lib/access.ts#isMember'. Take it away.",
  ]);
});

test('no entry points are looked for in ignored folders, and code outside still reaches into them', () => {
  const source = notesSource({ 'app/old/page.tsx': '', 'lib/old/a.ts': 'export const a = 1;' });
  const left = withoutIgnored(source, read("{ ignore: ['app/old/**', 'lib/old'] }"));
  expect(left.paths.filter(path => path.includes('old'))).toEqual([]);
  expect(left.module('lib/old/a.ts')).toBeDefined();
});
