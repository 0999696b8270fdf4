import { describe, expect, test } from 'vitest';

import { judgeNotes } from './fixtures/judged-notes.ts';

const load = `
  const [note] = await db.select().from(notes).where(eq(notes.id, (await params).id)); const seen = [note.title, note];`;
const guard = `if (note.teamId !== user.teamId) return NextResponse.json({ error: 'no' }, { status: 404 });`;

/** How the look-up of a note is judged in a route that goes on with `rest`. */
function judged(rest: string, head = '', files: Readonly<Record<string, string>> = {}, before = ''): readonly string[] {
  const route = `${head}
    export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const user = await requireUser(); ${before} ${load} ${rest} }`;
  const { paths } = judgeNotes(route, files).judged;
  const notes = paths.filter(path => path.sink.table === 'notes' && path.sink.operation === 'read');
  return [...new Set(notes.map(path => path.verdict))];
}

const done = `return NextResponse.json({ ok: true });`;
// What it answers is not followed.
const hidden = `async function hide(value: unknown): Promise<unknown> { return hide([value]); }`;

describe('a row that was looked up and does not leave', () => {
  test('stays inside though something that was not followed goes to a logger', () => {
    const head = `import pino from 'pino'; const log = pino({}).child({}); ${hidden}`;
    expect(
      judged(
        `log.error.bind(log)({ why: await hide(request) }); log.child({ why: await hide(request) }); ${done}`,
        head,
      ),
    ).toEqual(['isolated']);
    expect(judged(`await fetch('https://example.org', { body: await hide(request) }); ${done}`, head)).toEqual([
      'leaks',
    ]);
  });

  test('stays inside when it is kept under a key of its own, and not under one that is everybody’s', () => {
    const head = `import Redis from 'ioredis'; const redis = new Redis();`;
    const keep = (key: string) => `await redis.set(${key}, JSON.stringify(note)); ${done}`;
    expect(judged(keep('`note:${(await params).id}`'), head)).toEqual(['isolated']);
    expect(judged(keep(`'note'`), head)).toEqual(['leaks']);
  });

  test('goes where the parameters of an address go', () => {
    const address = (value: string) =>
      `const query = new URLSearchParams(); query.append('title', ${value}); await fetch('https://example.org/?' + query.toString()); ${done}`;
    expect(judged(address(`'x'`))).toEqual(['isolated']);
    expect(judged(address('note.title'))).toEqual(['leaks']);
  });

  test('stays inside though a library is given a function that holds nothing of it', () => {
    const head = `import { defer } from 'some-library';`;
    expect(judged(`defer('done', () => 1); ${done}`, head)).toEqual(['isolated']);
    expect(judged(`defer('done', () => note); ${done}`, head)).toEqual(['leaks']);
    expect(judged(`const tell = () => note; defer({ done: () => tell() }); ${done}`, head)).toEqual(['leaks']);
  });

  test('leaves with what functions among the options answer', () => {
    const head = `import { serve } from 'some-library';`;
    const own = `await db.select().from(notes).where(eq(notes.folderId, 'x'))`;
    expect(judged(`${guard} serve({ port: 1, answer: async () => ${own} }); ${done}`, head)).toContain('leaks');
  });

  test('is not in an answer that was made before it was read', () => {
    const early = `if (!request.headers.get('x')) return NextResponse.json({ error: await hide(request) }, { status: 400 });`;
    expect(judged(done, hidden, {}, early)).toEqual(['isolated']);
    expect(
      judged(
        `if (note.folderId) return NextResponse.json({ error: await hide(note) }, { status: 400 }); ${done}`,
        hidden,
      ),
    ).toEqual(['leaks']);
  });

  test('is not in what is only answered when it was not asked for', () => {
    const twoWays = (last: string) =>
      judged(
        `count = 1; } ${last}`,
        hidden,
        {},
        `const which = new URL(request.url).searchParams.get('which'); let count = 0; if (which) {`,
      );
    const vague = `return { error: await hide(request) };`;
    expect(twoWays(`if (!which) ${vague} return { count };`)).toEqual(['isolated']);
    expect(twoWays(vague)).toEqual(['leaks']);
  });

  test('is not in what a function that calls itself makes of something else, nor in a list that others were pushed to', () => {
    const clean = `const clean = (value: any): any => (Array.isArray(value) ? value.map(clean) : typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clean(one)])) : value);`;
    expect(judged(`return NextResponse.json(clean(await request.json()));`, clean)).toEqual(['isolated']);
    expect(judged(`return NextResponse.json(clean([[note]]));`, clean)).toEqual(['leaks']);
    const all = `const all: any[] = []; all.push(...(await db.select().from(comments).where(eq(comments.body, 'x'))));`;
    expect(judged(`${all} return NextResponse.json(all.map(one => one.body));`)).toEqual(['isolated']);
    expect(judged(`${all} all.push(...[note]); return NextResponse.json(all.map(one => one.title));`)).toEqual([
      'leaks',
    ]);
  });

  test('is not in what a function gets that tries again on its own, unless it read or was given it', () => {
    const retry = (work: string, again = 'tries + 1') =>
      `async function licence(tries: any = 0): Promise<any> { ${work} if (answer.status > 500) return licence(${again}); return answer.json(); }`;
    const ask = `const answer = await fetch('https://example.org/licence');`;
    const send = (value: string) => `await fetch('https://example.org/use', { body: ${value} }); ${done}`;
    const lookUp = `const [note] = await db.select().from(notes).where(eq(notes.id, tries)); const seen = [note.title, note];`;
    expect(judged(send('await licence()'), retry(ask))).toEqual(['isolated']);
    expect(judged(send('await licence(note)'), retry(ask))).toEqual(['leaks']);
    expect(judged(send('await licence(0)'), retry(ask, '[tries]'))).toEqual(['isolated']);
    expect(
      new Set(
        judgeNotes(`${retry(`${ask} ${lookUp}`, 'String(tries)')}
        export async function POST(request: Request) { await requireUser();
          const [{ id }] = [await request.json()]; ${send('await licence(id)')} }`).judged.paths.map(
          path => path.verdict,
        ),
      ),
    ).toEqual(new Set(['leaks']));
    const inner = `async function again(): Promise<any> { await fetch('https://example.org/'); return Math.random() > 0.5 ? again() : note; }`;
    expect(judged(`${inner} ${send('await again()')}`)).toEqual(['leaks']);
  });

  test('leaves in the way in which it was answered when all answers are made anew', () => {
    const tag = `const tag = (answer: Response) => new Response(answer.body, { status: answer.status, headers: { 'x-id': '1' } });`;
    const answers = (check: string) =>
      judged(
        `return tag(await answer(note, user)); `,
        `${tag}
        async function answer(note: any, user: any) {
          if (!note) return NextResponse.json({ error: 'none' }, { status: 404 });
          ${check}
          if (note.folderId === 'x') return NextResponse.json({ error: await hide(1) }, { status: 409 });
          return NextResponse.json({ title: note.title });
        } ${hidden}`,
      );
    expect(
      answers(`if (note.teamId !== user.teamId) return NextResponse.json({ error: 'no' }, { status: 403 });`),
    ).toEqual(['isolated']);
    expect(answers('')).toEqual(['leaks']);
  });

  test('is told by the value that chose it no more than by the caller', () => {
    expect(judged(`return NextResponse.json({ done: note.id });`)).toEqual(['isolated']);
    expect(judged(`return NextResponse.json({ done: note.teamId });`)).toEqual(['leaks']);
  });

  test('is told by the value that chose it when that is of another row', () => {
    const comment = `const [comment] = await db.select().from(comments).where(eq(comments.id, (await params).id));`;
    const route = (
      told: string,
    ) => `export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
      await requireUser(); ${comment}
      const [note] = await db.select().from(notes).where(eq(notes.id, comment.noteId));
      return NextResponse.json({ told: ${told} }); }`;
    const verdicts = (told: string) =>
      judgeNotes(route(told))
        .judged.paths.map(path => `${path.sink.table} ${path.verdict}`)
        .toSorted();
    expect(verdicts('note.id')).toEqual(['comments leaks', 'notes isolated']);
    expect(verdicts('note.title')).toEqual(['comments isolated', 'notes leaks']);
  });
});

describe('a row that is used in more ways than one', () => {
  const key = `const sent = request.headers.get('x-team');`;
  const uses = (second: string) =>
    judged(
      `if (note.folderId === 'open') { ${guard} return NextResponse.json(note); }
       ${second} return NextResponse.json({ title: note.title });`,
      '',
      {},
      key,
    );

  test('is isolated when each of them asks whose it is, and not when one of them does not', () => {
    expect(uses(`if (!(await isMember(user.id, note.teamId))) throw new Error('no');`)).toEqual(['isolated']);
    expect(uses(`if (!(await isMember(user.id, sent!))) throw new Error('no');`)).toEqual(['leaks']);
    expect(uses('')).toEqual(['leaks']);
  });
});

describe('a body', () => {
  const pieces = `
    async function readText(request: Request) {
      if (!request.body) return '';
      const reader = request.body.getReader(); const parts: Uint8Array[] = []; let size = 0;
      while (true) { const { done, value } = await reader.read(); if (done) break; size += value.byteLength; parts.push(value); }
      if (parts.length === 1) return new TextDecoder().decode(parts[0]);
      const all = new Uint8Array(size); for (const part of parts) all.set(part, 0);
      return new TextDecoder().decode(all);
    }`;

  test('that is read piece by piece is what the caller sent, with what the code puts beside it', () => {
    const route = `import { z } from 'zod'; ${pieces}
      const shape = z.object({ noteId: z.string(), kind: z.string() });
      export async function POST(request: Request) {
        await requireUser();
        const body = JSON.parse(await readText(request));
        const parsed = shape.safeParse({ ...body, kind: 'note' });
        if (!parsed.success) return NextResponse.json({ error: 'bad' }, { status: 400 });
        return NextResponse.json(await db.select().from(notes).where(eq(notes.id, parsed.data.noteId)));
      }`;
    const [path] = judgeNotes(route).judged.paths;
    expect(path?.verdict).toBe('leaks');
    expect(path?.steps[0]?.label).toBe('the caller sends body.noteId');
  });
});

test('filters that are never there together do not make the one that ties the row look forgotten', () => {
  const route = (tie: string) => `export async function GET(request: Request) {
    const user = await requireUser(); const query = new URL(request.url).searchParams;
    const filters = [query.get('a') ? eq(notes.title, 'a') : undefined, query.get('b') ? eq(notes.title, 'b') : undefined];
    return NextResponse.json(await db.select().from(notes).where(and(...filters, ${tie}))); }`;
  const reasons = (tie: string) => judgeNotes(route(tie)).judged.paths.map(path => path.reason);
  expect(reasons(`undefined`)).toEqual(['unscoped']);
  expect(reasons(`query.get('c') ? eq(notes.teamId, user.teamId) : undefined`)).toEqual(['maybe-undefined']);
  expect(reasons(`eq(notes.teamId, user.teamId)`)).toEqual(['scoped-by-session']);
});
