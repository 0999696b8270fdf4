import { expect, test } from 'vitest';
import { imports, show, traceApp } from './fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from './fixtures/prisma-app.ts';

const files = (route: string, more: Readonly<Record<string, string>> = {}) =>
  traceApp({ 'app/api/notes/route.ts': `${imports}\n${route}`, ...more });
const gaps = (route: string, more: Readonly<Record<string, string>> = {}): readonly string[] =>
  files(route, more).model.gaps.map(gap => `${gap.file}:${gap.line} ${gap.reason}`);
const wheres = (route: string, more: Readonly<Record<string, string>> = {}): readonly string[] =>
  files(route, more).queries.map(path => show(path.query.where));

const drop = `await db.delete(notes).where(eq(notes.id, '1'));`;
const ends = (name: string): string =>
  `Following ${name} came to an end here: what it asks something of was not seen to be there.`;
const line = imports.split('\n').length + 1;

test('a handler that only goes on where something is not there is a gap, not silence', () => {
  expect(
    gaps(`const known = {}; export async function POST() { known.tenant.check(); ${drop} return new Response(); }`),
  ).toEqual([`app/api/notes/route.ts:${line} ${ends("'POST'")}`]);
  expect(
    gaps(
      `const known = {}; export async function POST() { try { known.check(); const { id } = known.tenant.row; ${drop} } catch (error) { console.error(error); } return new Response(); }`,
    ),
  ).toEqual([`app/api/notes/route.ts:${line} ${ends("'POST'")}`]);
});

test('one that throws, or has another way, is none', () => {
  expect(
    gaps(`export async function POST() { throw new Error('gone'); }
      export async function PUT(request: Request) { const { kind } = await request.json(); const found = kind === 'a' ? { row: { id: '1' } } : {}; if (kind === 'a') { await db.delete(notes).where(eq(notes.id, found.row.id)); } return new Response(); }
      export async function GET() { const names = []; names.sort((one, other) => one.name.localeCompare(other.name)); return NextResponse.json(names); }`),
  ).toEqual([]);
});

test('a function that was made on a way which returned knows the names of that way', () => {
  const store = (body: string): Readonly<Record<string, string>> => ({
    'lib/store.ts': `import { db } from './db'; import { notes } from './schema'; import { eq } from 'drizzle-orm';
      export function makeStore(team: string | null) { if (team) { const owner = team; return { drop: () => db.delete(notes).where(eq(notes.teamId, owner)) }; } ${body} }`,
  });
  const route = (team: string): string =>
    `import { makeStore } from '@/lib/store'; export async function POST(request: Request) { const user = await requireUser(); const input = await request.json(); await makeStore(${team}).drop(); return new Response(); }`;
  const other = `return { drop: () => db.delete(notes).where(eq(notes.teamId, 'shared')) };`;
  expect(wheres(route('user.id'), store(other))).toEqual(['self.team_id = ‹user.id›']);
  expect(wheres(route('input.team'), store(other)).toSorted()).toEqual([
    'self.team_id = "shared"',
    'self.team_id = client body.team',
  ]);
});

test('a function that a class gives its objects knows its object wherever it is called', () => {
  const store = {
    'lib/notes.ts': `import { db } from './db'; import { notes } from './schema'; import { eq } from 'drizzle-orm';
      class Notes { constructor(private readonly team: string) { this.team = team; } drop = () => db.delete(notes).where(eq(notes.teamId, this.team)); }
      export const dropOf = (team: string) => new Notes(team).drop;`,
  };
  const route = (team: string): string =>
    `import { dropOf } from '@/lib/notes'; export async function POST(request: Request) { const user = await requireUser(); const { team } = await request.json(); const drop = dropOf(${team}); await drop(); return new Response(); }`;
  expect(wheres(route('user.teamId'), store)).toEqual(['self.team_id = ‹tenant.id›']);
  expect(wheres(route('team'), store)).toEqual(['self.team_id = client body.team']);
});

test('what is done after a package’s work may fail, and goes on', () => {
  expect(
    wheres(
      `async function tell(id: string) { return fetch('https://example.com/' + id).then(() => {}).catch(error => console.error(error)); }
       export async function POST() { await tell('1'); ${drop} return new Response(); }`,
    ),
  ).toEqual(['self.id = "1"']);
});

test('groups of rows have what was counted and compared over them', () => {
  const { model, queries } = tracePrisma({
    'pages/api/latest.ts': `${prismaImports} export default async function handler(req, res) {
      const groups = await prisma.version.groupBy({ by: ['documentId'], _count: { id: true }, _max: { number: true } });
      const latest = groups.map(group => ({ id: group.documentId, times: group._count.id, number: group._max.number }));
      for (const one of latest) await prisma.version.updateMany({ where: { documentId: one.id, number: one.number }, data: { number: 0 } });
      res.status(204).end(); }`,
  });
  expect(model.gaps.filter(gap => gap.reason.includes('came to an end'))).toEqual([]);
  expect(queries.filter(path => path.query.operation === 'update').map(path => show(path.query.where))).toEqual([
    '(self.documentId = Version.documentId and self.number = Version.number)',
  ]);
});

test('a method that is found by its name, or called with its object, knows the object', () => {
  const store = {
    'lib/notes.ts': `import { db } from './db'; import { notes } from './schema'; import { eq } from 'drizzle-orm';
      export class Notes { constructor(private readonly team: string) {} async drop() { return this.run(); } private run() { return db.delete(notes).where(eq(notes.teamId, this.team)); } }`,
  };
  const route = (call: string): string =>
    `import { Notes } from '@/lib/notes'; export async function POST(request: Request) { const user = await requireUser(); const { team } = await request.json(); ${call} return new Response(); }`;
  for (const call of [
    `await new Notes(OF)['drop']();`,
    `const all = new Notes(OF); await all[request.method === 'POST' ? 'drop' : 'drop']();`,
    `const all = new Notes(OF); const found = all.drop; await found.apply(all, []);`,
    `const all = new Notes(OF); await all.drop.call(all);`,
  ]) {
    expect(wheres(route(call.replace('OF', 'user.teamId')), store)).toEqual(['self.team_id = ‹tenant.id›']);
    expect(wheres(route(call.replace('OF', 'team')), store)).toEqual(['self.team_id = client body.team']);
  }
});

test('what a file that is not there may export is not known, and ends nothing', () => {
  expect(
    gaps(
      `import { Kind } from '@/lib/kinds'; export async function POST() { const known = Object.values(Kind).filter(one => one !== Kind.hidden); ${drop} return NextResponse.json(known); }`,
      { 'lib/kinds.ts': `export * from '../generated/kinds';` },
    ).filter(gap => gap.includes('came to an end')),
  ).toEqual([]);
});
