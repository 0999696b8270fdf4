import { expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { readSuppressions } from '../config/suppressions.ts';
import { judgeNotes } from './fixtures/judged-notes.ts';
import { suppress, type Suppressed } from './suppress.ts';

const handler = (comment: { readonly above?: string; readonly entry?: string } = {}): string => `
${comment.entry ?? ''}
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const user = await requireUser();
  ${comment.above ?? ''}
  const rows = await db.select().from(notes).where(eq(notes.id, id));
  return Response.json(rows);
}`;

const check = 'path/query-ignores-tenant';

function accepted(route: string, files: Readonly<Record<string, string>> = {}): Suppressed {
  const { judged, source } = judgeNotes(route, files);
  return suppress({
    findings: judged.findings.filter(finding => finding.object === 'notes'),
    paths: judged.paths,
    suppressions: source.loaded().flatMap(module => readSuppressions(module.file, module.text)),
    checks: checks.map(each => each.id),
    judged: new Set(checks.filter(each => each.needs === 'app').map(each => each.id)),
  });
}

function found(result: Suppressed): readonly string[] {
  return result.findings.map(finding => finding.check);
}

test('without a comment the finding stands', () => {
  const result = accepted(handler());
  expect(result.suppressed).toEqual([]);
  expect(found(result)).toContain(check);
});

test('a comment above the query accepts its finding, and keeps the reason', () => {
  const id = found(accepted(handler()))[0] ?? '';
  const result = accepted(handler({ above: `// drydock-ignore ${id}: a shared catalogue` }));
  expect(found(result)).not.toContain(id);
  expect(result.suppressed.map(each => [each.finding.check, each.reason])).toEqual([[id, 'a shared catalogue']]);
  expect(result.problems).toEqual([]);
});

test('a comment above the entry point accepts what only this entry point reaches', () => {
  const result = accepted(handler({ entry: `// drydock-ignore ${check}: everybody may` }));
  expect(result.suppressed).toHaveLength(1);
  expect(result.problems).toEqual([]);
});

test('a new way in to a query that was accepted at another entry point is not silent', () => {
  const load = `import { eq } from 'drizzle-orm'; import { db } from '@/lib/db'; import { notes } from '@/lib/schema';
    export async function load(id: string) { return db.select().from(notes).where(eq(notes.id, id)); }`;
  const entry = (
    comment: string,
  ): string => `import { load } from '@/lib/load'; import { requireUser } from '@/lib/session';
${comment}
export async function GET(request: Request) { await requireUser(); return Response.json(await load(new URL(request.url).searchParams.get('id')!)); }`;
  const result = accepted(entry(`// drydock-ignore ${check}: everybody may`), {
    'lib/load.ts': load,
    'app/api/other/route.ts': entry(''),
  });
  expect(found(result)).toContain(check);
  expect(result.suppressed).toEqual([]);
  expect(result.problems.map(problem => problem.message)).toEqual([
    `'${check}' stays: 'GET /api/other' reaches it too. Put the comment at the query, or at each entry point.`,
  ]);
});

test('a comment without a reason accepts nothing and is told', () => {
  const result = accepted(handler({ above: `// drydock-ignore ${check}` }));
  expect(found(result)).toContain(check);
  expect(result.problems.map(problem => problem.kind)).toEqual(['missing-reason']);
});

test('a check that does not exist is told, with the name that was meant', () => {
  const result = accepted(handler({ above: '// drydock-ignore path/query-ignores-tenants: shared' }));
  expect(result.problems.map(problem => problem.message)).toEqual([
    "There is no check 'path/query-ignores-tenants'. Did you mean 'path/query-ignores-tenant'?",
  ]);
});

test('a comment that accepts nothing any more is told', () => {
  const scoped = handler({ above: `// drydock-ignore ${check}: shared` }).replace(
    'eq(notes.id, id)',
    'and(eq(notes.id, id), eq(notes.teamId, user.teamId))',
  );
  expect(accepted(scoped).problems.map(problem => problem.kind)).toEqual(['unused-suppression']);
});

test('a comment for a half that was not judged is left alone', () => {
  const result = accepted(handler({ entry: '// drydock-ignore database/policy-leaks: checked by hand' }));
  expect(result.problems).toEqual([]);
});
