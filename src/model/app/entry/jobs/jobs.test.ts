import { describe, expect, test } from 'vitest';
import { imports, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';

const page = { 'app/page.tsx': 'export default function Page() { return null; }' };

function traced(files: Readonly<Record<string, string>>): readonly string[] {
  return traceApp({ ...page, ...files })
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

const inngest = {
  'lib/inngest.ts': `import { Inngest } from 'inngest'; export const inngest = new Inngest({ id: 'notes' });`,
  'lib/jobs.ts': `${imports} import { inngest } from './inngest'; export const clean = inngest.createFunction({ id: 'clean' }, { event: 'note/old' }, async ({ event, step }) => { await step.run('delete', async () => db.delete(notes).where(eq(notes.id, event.data.id))); });`,
};

describe('jobs', () => {
  test('a consumer gets what the producer gave: an id of the caller’s choice stays one', () => {
    expect(
      traced({
        ...inngest,
        'app/api/clean/route.ts': `import { inngest } from '@/lib/inngest'; import { requireUser } from '@/lib/session'; export async function POST(request: Request) { await requireUser(); const { id } = await request.json(); await inngest.send({ name: 'note/old', data: { id } }); return new Response(); }`,
      }),
    ).toEqual(['job clean member: self.id = client body.id']);
  });

  test('what the producer checked before holds in the consumer', () => {
    const app = traceApp({
      ...page,
      ...inngest,
      'app/api/clean/route.ts': `${imports} import { inngest } from '@/lib/inngest'; export async function POST(request: Request) { const user = await requireUser(); const { id } = await request.json(); const [note] = await db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, user.teamId))); if (!note) notFound(); await inngest.send({ name: 'note/old', data: { id: note.id } }); return new Response(); }`,
    });
    const path = app.queries.find(query => query.entryPoint.kind === 'job');
    expect(path === undefined ? '' : show(path.query.where)).toBe('self.id = notes.id');
    expect(showFacts(path?.facts ?? []).some(fact => fact.includes('notes.team_id = ‹tenant.id›'))).toBe(true);
  });

  test('a consumer without a producer is the system’s own', () => {
    expect(traced(inngest)).toEqual(['job clean system: self.id = event event.data.id']);
  });

  test('another event, or another queue, starts nothing', () => {
    expect(
      traced({
        ...inngest,
        'app/api/clean/route.ts': `import { inngest } from '@/lib/inngest'; export async function POST(request: Request) { const { id } = await request.json(); await inngest.send({ name: 'note/new', data: { id } }); return new Response(); }`,
      }),
    ).toEqual(['job clean system: self.id = event event.data.id']);
  });

  test('tasks of Trigger.dev are started by their value and by their id', () => {
    const job = `${imports} import { task } from '@trigger.dev/sdk/v3'; export const drop = task({ id: 'drop', run: async (payload: { id: string }) => { await db.delete(notes).where(eq(notes.id, payload.id)); } });`;
    const route = (start: string): string =>
      `import { tasks } from '@trigger.dev/sdk/v3'; import { drop } from '@/lib/jobs'; export async function POST(request: Request) { const { id } = await request.json(); await ${start}; return new Response(); }`;
    for (const start of [
      'drop.trigger({ id })',
      "tasks.trigger('drop', { id })",
      'drop.batchTrigger([{ payload: { id } }])',
    ])
      expect(traced({ 'lib/jobs.ts': job, 'app/api/drop/route.ts': route(start) })).toEqual([
        'job drop anonymous: self.id = client body.id',
      ]);
  });

  test('a worker of a queue gets the data of the job', () => {
    expect(
      traced({
        'lib/worker.ts': `${imports} import { Worker } from 'bullmq'; new Worker('mail', async job => { await db.delete(notes).where(eq(notes.id, job.data.id)); });`,
        'app/api/mail/route.ts': `import { Queue } from 'bullmq'; const queue = new Queue('mail'); export async function POST(request: Request) { const { id } = await request.json(); await queue.add('send', { id }); return new Response(); }`,
      }),
    ).toEqual(['job mail anonymous: self.id = client body.id']);
  });

  test('workers that one function makes for many queues are one, and each job still finds its own handler', () => {
    const files = {
      'lib/worker.ts': `${imports} import { Worker } from 'bullmq';
        const handlers = { drop: async job => { await db.delete(notes).where(eq(notes.id, job.data.id)); }, list: async () => db.select().from(notes) };
        const queues = [{ name: 'mail' }, { name: 'bills' }];
        queues.map(queue => new Worker(queue.name, async job => handlers[job.name](job)));`,
    };
    expect(traced(files)).toEqual([
      'job queues of lib/worker.ts system: self.id = event event.data.id',
      'job queues of lib/worker.ts system: true',
    ]);
    expect(
      traced({
        ...files,
        'app/api/mail/route.ts': `import { Queue } from 'bullmq'; const queue = new Queue('bills'); export async function POST(request: Request) { const { id } = await request.json(); await queue.add('drop', { id }); return new Response(); }`,
      }),
    ).toEqual([
      'job queues of lib/worker.ts anonymous: self.id = client body.id',
      // Producers that were not seen may give other names.
      'job queues of lib/worker.ts system: self.id = event event.data.id',
      'job queues of lib/worker.ts system: true',
    ]);
  });
});
