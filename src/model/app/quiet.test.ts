import { expect, test } from 'vitest';

import { imports, show, traceApp } from './fixtures/inline-app.ts';

/** A route that reports 40 things, each in its own way, then reads a note. */
function reporting(
  report: string,
  calls: string,
  files: Readonly<Record<string, string>> = {},
): ReturnType<typeof traceApp> {
  return traceApp({
    ...files,
    'lib/report.ts': `import pino from 'pino'; import { db } from '@/lib/db'; import { notes } from '@/lib/schema'; ${report}`,
    'app/api/notes/[id]/route.ts': `${imports} import { report, log } from '@/lib/report';
      export async function GET(request: Request, { params }: any) {
        const { id } = await params;
        ${calls}
        return NextResponse.json(await db.select().from(notes).where(eq(notes.id, id)));
      }`,
  });
}

const walk = `
  function redact(value: any, depth: string): any {
    if (typeof value === 'string') return value;
    const kept: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) kept[key] = redact(inner, depth + key);
    return { ...kept, left: redact(value.left, depth + 'l'), right: redact(value.right, depth + 'r'), rest: redact(value.rest, depth + 'x') };
  }`;
const many = (call: string): string =>
  Array.from({ length: 40 }, (_, index) => `${call}(request, { part: ${index}, id });`).join('\n');
const sites = (traced: ReturnType<typeof traceApp>): readonly string[] =>
  traced.queries.map(path => `${path.query.table} ${show(path.query.where)}`);
const cut = (traced: ReturnType<typeof traceApp>): boolean =>
  traced.model.gaps.some(gap => gap.reason.includes('is called in more than'));

test('what a logger does with what it is given is not followed', () => {
  const traced = reporting(
    `${walk} const pinoLogger = pino(); export const log = { info: (from: any, data: any) => pinoLogger.info(redact(data, 'a')) }; export const report = 1;`,
    many('log.info'),
  );
  expect(sites(traced)).toEqual(['notes self.id = client params.id']);
  expect(cut(traced)).toBe(false);
});

test('a logger that loads a module where it needs it is as quiet as that module', () => {
  const lazily = (path: string): readonly string[] =>
    sites(
      reporting(
        `export function report(from: Request, data: any) { const { seal } = require('${path}'); console.log(seal(data)); }`,
        `report(request, { id });`,
        {
          'lib/sealed.ts': `import { createHash } from 'node:crypto'; export const seal = (data: any) => createHash('sha256').update(data.id).digest('hex');`,
          'lib/kept.ts': `import { db } from '@/lib/db'; import { notes } from '@/lib/schema'; export const seal = (data: any) => { db.insert(notes).values({ title: data.id }).execute(); return data.id; };`,
        },
      ),
    );
  expect(lazily('./sealed')).toHaveLength(1);
  expect(lazily('./kept')).toHaveLength(2);
});

test('one that keeps what it is given in the database is followed', () => {
  const traced = reporting(
    `export async function report(from: Request, data: any) { await db.insert(notes).values({ title: data.id, teamId: data.id }); }`,
    `await report(request, { id });`,
  );
  expect(sites(traced)).toHaveLength(2);
});

test('so is one that gets what keeps it from a name around it, or from its caller', () => {
  const around = reporting(
    `const keep = async (data: any) => { await db.insert(notes).values({ title: data.id, teamId: data.id }); };
     export function report(from: Request, data: any) { console.log(data); keep(data); }`,
    `report(request, { id });`,
  );
  expect(sites(around)).toHaveLength(2);
  const given = reporting(
    `export function report(from: any, done: any) { console.log(from); done(); }`,
    `report(request, async () => { await db.delete(notes).where(eq(notes.id, id)); });`,
  );
  expect(sites(given)).toHaveLength(2);
});

test('one that refuses is a guard, whatever its name', () => {
  const traced = reporting(
    `export function report(from: Request, data: any) { console.log(data); if (data.id !== process.env.ONLY) throw new Error('no'); }`,
    `report(request, { id });`,
  );
  expect(traced.queries.flatMap(path => path.facts.map(fact => fact.holds.kind))).toContain('condition');
});

test('one that changes a list of its caller is followed', () => {
  const traced = reporting(
    `import { eq } from 'drizzle-orm'; export function report(conditions: any[], id: string) { conditions.push(eq(notes.teamId, 'team')); }`,
    `const conditions = [eq(notes.id, id)]; report(conditions, id);
     await db.delete(notes).where(and(...conditions));`,
  );
  expect(sites(traced).join()).toContain('self.team_id = "team"');
});
