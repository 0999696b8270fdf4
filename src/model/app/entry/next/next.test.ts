import { describe, expect, test } from 'vitest';

import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const names = (files: Readonly<Record<string, string>>): readonly string[] =>
  traceApp(files)
    .entryPoints.map(entry => `${entry.kind}: ${entry.name}`)
    .toSorted();

describe('entry points', () => {
  test('each kind of file names its entry points', () => {
    expect(
      names({
        'app/(shop)/orders/[id]/page.tsx': `export async function generateMetadata() { return {}; } export default function Page() { return <p>x</p>; }`,
        'app/(shop)/layout.tsx': `export default function Layout({ children }) { return children; }`,
        'app/api/cron/clean/route.ts': `export async function GET() { return new Response(); }`,
        'app/api/webhooks/pay/route.ts': `export async function POST() { return new Response(); }`,
        'app/api/things/[...rest]/route.ts': `export async function GET() { return new Response(); } export const PUT = async () => new Response();`,
        'pages/api/old.ts': `export default function handler(req, res) { res.status(200).json({}); }`,
        'proxy.ts': `export function proxy() {}`,
        'lib/actions.ts': `'use server'; export async function save() {}`,
      }),
    ).toEqual([
      'api-route: ANY /api/old',
      'cron: GET /api/cron/clean',
      'layout: layout /',
      'metadata: metadata /orders/[id]',
      'page: page /orders/[id]',
      'proxy: proxy',
      'route-handler: GET /api/things/[...rest]',
      'route-handler: PUT /api/things/[...rest]',
      'server-action: action lib/actions.ts#save',
      'webhook: POST /api/webhooks/pay',
    ]);
  });

  test("an inline action's arguments come from the caller, what it captured from the page", () => {
    const traced = traceApp({
      'app/page.tsx': `${imports}
        export default async function Page() {
          const user = await requireUser();
          async function rename(formData: FormData) { 'use server'; await db.update(notes).set({ title: String(formData.get('title')) }).where(and(eq(notes.id, String(formData.get('id'))), eq(notes.teamId, user.teamId))); }
          return <form action={rename} />;
        }`,
    });
    const path = traced.queries.find(candidate => candidate.entryPoint.name === 'action app/page.tsx#rename');
    expect(path === undefined ? '' : show(path.query.where)).toBe(
      '(self.id = client formData.id and self.team_id = ‹tenant.id›)',
    );
  });

  test('each tool is an entry point whose arguments a model chose', () => {
    const traced = traceApp({
      'lib/tools.ts': `${imports} import { tool } from 'ai'; import { z } from 'zod'; export const toolsFor = (teamId: string) => ({ findNotes: tool({ inputSchema: z.object({ folder: z.string() }), execute: async ({ folder }) => db.select().from(notes).where(and(eq(notes.folderId, folder), eq(notes.teamId, teamId))) }) });`,
      'app/api/chat/route.ts': `import { streamText } from 'ai'; import { requireUser } from '@/lib/session'; import { toolsFor } from '@/lib/tools'; export async function POST() { const user = await requireUser(); return streamText({ tools: toolsFor(user.teamId) }).toDataStreamResponse(); }`,
    });
    const [path] = traced.queries;
    expect(path?.entryPoint.name).toBe('tool lib/tools.ts#findNotes');
    expect(path === undefined ? '' : show(path.query.where)).toBe(
      '(self.folder_id = tool-argument input.folder and self.team_id = ‹tenant.id›)',
    );
    expect(path?.principal).toBe('member');
  });

  test('a component that a page renders is followed with its props', () => {
    const traced = traceApp({
      'app/page.tsx': `import { List } from '@/components/list'; export default function Page() { return <List team="a" />; }`,
      'components/list.tsx': `${imports} export async function List({ team }: { team: string }) { const rows = await db.select().from(notes).where(eq(notes.teamId, team)); return <ul>{rows.map(row => <li key={row.id}>{row.title}</li>)}</ul>; }`,
    });
    expect(traced.queries.map(path => `${path.entryPoint.name}: ${show(path.query.where)} ${path.escapes}`)).toEqual([
      'page /: self.team_id = "a" true',
    ]);
  });

  test('a file with a syntax error is a gap, and the rest goes on', () => {
    const traced = traceApp({
      'app/api/broken/route.ts': `export async function GET( {`,
      'app/api/whole/route.ts': `${imports} export async function GET() { return Response.json(await db.select().from(notes)); }`,
    });
    expect(traced.queries.map(path => path.entryPoint.name)).toEqual(['GET /api/whole']);
    expect(traced.model.gaps.map(gap => gap.file)).toEqual(['app/api/broken/route.ts']);
  });

  test('a signed event makes the path the system’s own', () => {
    const traced = traceApp({
      'app/api/pay/route.ts': `${imports} import Stripe from 'stripe'; const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
        export async function POST(request: Request) { const event = stripe.webhooks.constructEvent(await request.text(), request.headers.get('stripe-signature')!, process.env.STRIPE_WEBHOOK_SECRET!); await db.update(notes).set({ title: 'paid' }).where(eq(notes.id, event.data.object.metadata.noteId)); return new Response(); }`,
    });
    const [path] = traced.queries;
    expect(path?.entryPoint.kind).toBe('webhook');
    expect(path?.principal).toBe('system');
    expect(path === undefined ? '' : show(path.query.where)).toBe('self.id = event event.data.object.metadata.noteId');
  });

  test('a secret of the server that the caller presents makes the path the system’s own', () => {
    const body = (test_: string): string =>
      `${imports} export async function GET(request: Request) { ${test_} return Response.json(await db.select().from(notes)); }`;
    const principal = (test_: string): string | undefined =>
      traceApp({ 'app/api/clean/route.ts': body(test_) }).queries[0]?.principal;
    expect(
      principal(
        "if (request.headers.get('authorization') !== `Bearer ${process.env.CRON_SECRET}`) return new Response(null, { status: 401 });",
      ),
    ).toBe('system');
    expect(principal("if (!request.headers.get('authorization')) return new Response(null, { status: 401 });")).toBe(
      'anonymous',
    );
  });

  test('the context of a built action comes from its middleware, its input from the caller', () => {
    const traced = traceApp({
      'app/page.tsx': 'export default function Page() { return null; }',
      'lib/client.ts': `import { createSafeActionClient } from 'next-safe-action'; import { requireUser } from './session'; export const userAction = createSafeActionClient().use(async ({ next }) => { const user = await requireUser(); return next({ ctx: { user } }); });`,
      'lib/actions.ts': `'use server'; ${imports} import { z } from 'zod'; import { userAction } from './client'; export const rename = userAction.inputSchema(z.object({ noteId: z.string() })).action(async ({ parsedInput, ctx }) => { await db.update(notes).set({ title: 'x' }).where(and(eq(notes.id, parsedInput.noteId), eq(notes.teamId, ctx.user.teamId))); });`,
    });
    expect(traced.queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)).toEqual([
      'action lib/actions.ts#rename member: (self.id = client input.noteId and self.team_id = ‹tenant.id›)',
    ]);
  });
});
