import { expect, test } from 'vitest';
import { imports, traceApp } from '../../fixtures/inline-app.ts';

const principal = (code: string): string | undefined =>
  traceApp({ 'app/api/hook/route.ts': `${imports} ${code}` }).queries.find(path => path.query.table === 'notes')
    ?.principal;

const work = 'await db.delete(notes).where(eq(notes.id, event.id)); return new Response();';

test('an event whose signature a library verified is the system’s own', () => {
  expect(
    principal(
      `import { verifyWebhook } from '@clerk/nextjs/webhooks'; export async function POST(request) { const event = await verifyWebhook(request); ${work} }`,
    ),
  ).toBe('system');
  expect(
    principal(
      `import { verifySignatureAppRouter } from '@upstash/qstash/nextjs'; export const POST = verifySignatureAppRouter(async request => { const event = await request.json(); ${work} });`,
    ),
  ).toBe('system');
  expect(
    principal(
      `import { Receiver } from '@upstash/qstash'; const receiver = new Receiver({ currentSigningKey: process.env.KEY }); export async function POST(request) { await receiver.verify({ signature: request.headers.get('upstash-signature'), body: await request.text() }); const event = await request.json(); ${work} }`,
    ),
  ).toBe('system');
});

test('a verification that nobody waits for, or whose answer nobody reads, verifies nothing', () => {
  expect(
    principal(
      `import { verifyWebhook } from '@clerk/nextjs/webhooks'; export async function POST(request) { verifyWebhook(request); const event = await request.json(); ${work} }`,
    ),
  ).toBe('anonymous');
  expect(
    principal(
      `import { verify } from '@octokit/webhooks-methods'; export async function POST(request) { await verify(process.env.KEY, await request.text(), 'x'); const event = await request.json(); ${work} }`,
    ),
  ).toBe('anonymous');
  expect(
    principal(
      `import { verify } from '@octokit/webhooks-methods'; export async function POST(request) { if (!(await verify(process.env.KEY, await request.text(), 'x'))) return new Response(null, { status: 401 }); const event = await request.json(); ${work} }`,
    ),
  ).toBe('system');
});
