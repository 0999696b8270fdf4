import { describe, expect, test } from 'vitest';

import { imports, onlyQuery, show, traceApp } from '../fixtures/inline-app.ts';

const context = `import { AsyncLocalStorage } from 'node:async_hooks'; ${imports}
  const store = new AsyncLocalStorage<{ user: { id: string; teamId: string } }>();
  export const currentTeam = () => { const held = store.getStore(); if (!held) throw new Error('outside'); return held.user.teamId; };
  export const withSession = (handler: Handler) => async (request: Request, context: unknown) => { const user = await requireUser(); return store.run({ user }, () => handler(request, context)); };
  export const withChoice = (handler: Handler) => async (request: Request, context: unknown) => store.run({ user: { id: '', teamId: request.headers.get('x-team')! } }, () => handler(request, context));`;
const repository = `${imports} import { currentTeam } from './context'; export const listNotes = () => db.select().from(notes).where(eq(notes.teamId, currentTeam()));`;
const files = { 'lib/context.ts': context, 'lib/notes.ts': repository };
const route = (wrapper: string): string =>
  `import { ${wrapper} } from '@/lib/context'; import { listNotes } from '@/lib/notes'; export const GET = ${wrapper}(async () => Response.json(await listNotes()));`;

describe('a store that follows the request', () => {
  test('gives what the middleware around the work put into it', () => {
    const path = onlyQuery(route('withSession'), 'notes', files);
    expect(show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
    expect(path.principal).toBe('member');
  });

  test('is the caller’s choice when the caller chose what goes in', () => {
    expect(show(onlyQuery(route('withChoice'), 'notes', files).query.where)).toBe(
      'self.team_id = client header.x-team',
    );
  });

  test('holds for one request what another one put into it for nobody else', () => {
    const traced = traceApp({
      ...files,
      'app/api/a/route.ts': `${imports} ${route('withSession')}`,
      'app/api/b/route.ts': `${imports} ${route('withChoice')}`,
    });
    const shown = traced.queries
      .filter(path => path.query.table === 'notes')
      .map(path => `${path.entryPoint.name} ${show(path.query.where)}`);
    expect(shown).toEqual(['GET /api/a self.team_id = ‹tenant.id›', 'GET /api/b self.team_id = client header.x-team']);
  });
});
