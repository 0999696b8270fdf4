import { expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const workers = `${imports} import { Worker } from 'bullmq';
  export async function startWorkers() { const rows = await db.select().from(members); return rows.map(() => new Worker('mail', async job => { await db.delete(notes).where(eq(notes.id, job.data.id)); })); }`;
const start = `export async function register() { if (process.env.NEXT_RUNTIME === 'nodejs') { const { startWorkers } = await import('./lib/workers'); await startWorkers(); } }`;

function traced(files: Readonly<Record<string, string>>): readonly string[] {
  return traceApp({
    'app/page.tsx': 'export default function Page() { return null; }',
    'lib/workers.ts': workers,
    ...files,
  })
    .queries.map(path => `${path.entryPoint.name} ${path.principal}: ${path.query.table} ${show(path.query.where)}`)
    .toSorted();
}

test('workers that are started with the server run, and what starts them is the app’s own', () => {
  expect(traced({ 'instrumentation.ts': start })).toEqual([
    'job mail system: notes self.id = event event.data.id',
    'job start of instrumentation.ts system: members true',
  ]);
});

test('what a handler gives such a worker stays what the caller sent', () => {
  expect(
    traced({
      'instrumentation.ts': start,
      'app/api/mail/route.ts': `import { Queue } from 'bullmq'; const queue = new Queue('mail'); export async function POST(request: Request) { const { id } = await request.json(); await queue.add('send', { id }); return new Response(); }`,
    }),
  ).toEqual([
    'job mail anonymous: notes self.id = client body.id',
    'job start of instrumentation.ts system: members true',
  ]);
});

test('a function of that name elsewhere starts nothing', () => {
  expect(traced({ 'lib/start.ts': start.replace('./lib/workers', './workers') })).toEqual([]);
});
