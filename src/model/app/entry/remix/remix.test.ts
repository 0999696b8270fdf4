import { expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

test('loaders and actions of route modules are entry points with the parameters of their address', () => {
  const traced = traceApp({
    'package.json': JSON.stringify({
      name: 'notes',
      dependencies: { '@react-router/node': '7.0.0', 'drizzle-orm': '0.45.0' },
    }),
    'app/routes/notes.$id.tsx': `${imports} import { auth } from '@/lib/auth';
      export async function loader({ request, params }) { const session = await auth.api.getSession({ headers: request.headers }); if (!session) throw new Response(null, { status: 401 }); return db.select().from(notes).where(and(eq(notes.id, params.id), eq(notes.teamId, session.session.activeOrganizationId))); }
      export const action = async ({ request, params }) => { const form = await request.formData(); await db.update(notes).set({ title: String(form.get('title')) }).where(eq(notes.id, params.id)); return null; };
      export default function Note() { return null; }`,
  });
  expect(traced.queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)).toEqual([
    'loader /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
    'action /notes/:id anonymous: self.id = client params.id',
  ]);
});
