import { expect, test } from 'vitest';

import { imports, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';
import type { QueryPath } from '../../types.ts';

function trace(head: string, body: string): readonly QueryPath[] {
  const { queries } = traceApp({
    'app/api/notes/[id]/route.ts': `${imports} ${head}
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; const user = await requireUser(); ${body} }`,
  });
  return queries.filter(path => path.query.service !== undefined);
}

const filters = (paths: readonly QueryPath[]): readonly string[] =>
  paths.map(({ query }) => `${query.operation} ${query.table} ${show(query.where)}`);

const s3 = `import { S3Client, GetObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'; import { getSignedUrl } from '@aws-sdk/s3-request-presigner'; const client = new S3Client({});`;

test('a signed address is a read of the object that its key names', () => {
  const paths = trace(
    s3,
    'return Response.json(await getSignedUrl(client, new GetObjectCommand({ Bucket: process.env.BUCKET, Key: `${user.teamId}/${id}` })));',
  );
  expect(filters(paths)).toEqual(['read s3.stored_file self.Key = concat(‹tenant.id›, "/", client params.id)']);
});

test('every key of a list chooses', () => {
  const paths = trace(
    s3,
    'await client.send(new DeleteObjectsCommand({ Bucket: "b", Delete: { Objects: [{ Key: id }, { Key: user.id }] } })); return Response.json({});',
  );
  expect(filters(paths)).toEqual(['delete s3.stored_file self.Key = each(client params.id, ‹user.id›)']);
});

test('a key that the app fixes is no path of a caller', () => {
  expect(
    trace(
      s3,
      'return Response.json(await getSignedUrl(client, new GetObjectCommand({ Bucket: "b", Key: "terms.pdf" })));',
    ),
  ).toEqual([]);
});

test('what a service answers is a row whose comparison counts', () => {
  const [path] = trace(
    `import { runs } from '@trigger.dev/sdk/v3';`,
    'const run = await runs.retrieve(id); if (run.metadata?.teamId !== user.teamId) return new Response(null, { status: 403 }); return Response.json(run.output);',
  );
  expect(filters(path === undefined ? [] : [path])).toEqual(['read trigger.background_run self.id = client params.id']);
  expect(path?.escapes).toBe(true);
  expect(showFacts(path?.factsAfter ?? [])).toEqual(['.teamId(self.metadata) = ‹tenant.id›']);
});

test('an answer that is only looked at does not leave', () => {
  const [path] = trace(
    `import { runs } from '@trigger.dev/sdk/v3';`,
    'const run = await runs.retrieve(id); if (run.status !== "DONE") return new Response(null, { status: 409 }); return Response.json({ done: true });',
  );
  expect(path?.escapes).toBe(false);
});

const left = (body: string, head = s3): readonly boolean[] => trace(head, body).map(path => path.escapes);

const get = 'new GetObjectCommand({ Bucket: "b", Key: id })';

test.each([
  [
    'a signed address',
    `const url = await getSignedUrl(client, ${get}, { expiresIn: 60 }); return Response.json({ url });`,
  ],
  ['a redirect to one', `return Response.redirect(await getSignedUrl(client, ${get}));`],
  [
    'a command with a name of its own',
    `const command = ${get}; const url = await getSignedUrl(client, command); return Response.json({ file: { url } });`,
  ],
  ['the content', `const file = await client.send(${get}); return new Response(file.Body.transformToWebStream());`],
  ['its length', `const { ContentLength } = await client.send(${get}); return Response.json({ size: ContentLength });`],
])('what a service was asked for leaves with the answer: %s', (_, body) => {
  expect(left(body)).toEqual([true]);
});

test.each([
  ['nothing of it', `await client.send(${get}); return Response.json({ done: true });`],
  [
    'only that it is there',
    `const file = await client.send(${get}); if (!file.Body) return new Response(null, { status: 404 }); return Response.json({ done: true });`,
  ],
  [
    'an address that is kept',
    `const url = await getSignedUrl(client, ${get}); console.log(url); return Response.json({ id });`,
  ],
])('what a service was asked for stays where the answer has %s', (_, body) => {
  expect(left(body)).toEqual([false]);
});

test('a client of another storage hands out what it signs', () => {
  const head = `import { Storage } from '@google-cloud/storage'; const storage = new Storage();`;
  const signed = 'const [url] = await storage.bucket("b").file(id).getSignedUrl({ action: "read" });';
  expect(left(`${signed} return Response.json({ url });`, head)).toEqual([true]);
  expect(left(`${signed} return Response.json({ done: true });`, head)).toEqual([false]);
});

test('what is compared in the answer of a command is known of the row', () => {
  const [path] = trace(
    s3,
    `const file = await client.send(${get}); if (file.Metadata?.team !== user.teamId) return new Response(null, { status: 403 }); return new Response(file.Body.transformToWebStream());`,
  );
  expect(path?.escapes).toBe(true);
  expect(showFacts(path?.factsAfter ?? [])).toEqual(['.team(self.Metadata) = ‹tenant.id›']);
});

test.each([
  ["[user.teamId, id].join('/')", 'concat(‹tenant.id›, "/", client params.id)'],
  ["['notes', user.teamId, id].join(':')", 'concat("notes", ":", ‹tenant.id›, ":", client params.id)'],
  ["[user.teamId, id].slice(1).join('/')", 'client params.id'],
  ["[user.teamId, id].slice(user.offset).join('/')", 'concat(one-of(‹tenant.id›, client params.id))'],
])('a key that is joined has every part in it: %s', (key, text) => {
  expect(filters(trace(s3, `await client.send(new GetObjectCommand({ Bucket: "b", Key: ${key} }));`))).toEqual([
    `read s3.stored_file self.Key = ${text}`,
  ]);
});

test('the parameters of an analytics pipe choose one by one', () => {
  const paths = trace(
    `import { Tinybird } from '@chronark/zod-bird'; const tinybird = new Tinybird({ token: process.env.TINYBIRD_TOKEN }); const views = tinybird.buildPipe({ pipe: 'views', parameters: {}, data: {} });`,
    'return Response.json(await views({ noteId: id, since: 0, teamId: user.teamId }));',
  );
  expect(filters(paths)).toEqual([
    'read tinybird.event (self.noteId = client params.id and self.since = 0 and self.teamId = ‹tenant.id›)',
  ]);
});

test.each([
  [
    'a copy under a name of the caller',
    `import { S3Client, CopyObjectCommand } from '@aws-sdk/client-s3'; const client = new S3Client({});`,
    `await client.send(new CopyObjectCommand({ Bucket: 'b', CopySource: id, Key: user.teamId })); return Response.json({});`,
    'read s3.stored_file self.Key = client params.id',
  ],
  [
    'a bucket that Cloudflare binds',
    `import { getCloudflareContext } from '@opennextjs/cloudflare';`,
    `const { env } = await getCloudflareContext({ async: true }); const file = await env.FILES.get(user.teamId + '/' + id); return new Response(file.body);`,
    'read cloudflare.stored_value self.key = concat(concat(‹tenant.id›, "/"), client params.id)',
  ],
  [
    'an upload in parts',
    `import { Upload } from '@aws-sdk/lib-storage';`,
    `await new Upload({ client: {}, params: { Bucket: 'b', Key: id, Body: 'x' } }).done(); return Response.json({});`,
    'update s3.stored_file self.Key = client params.id',
  ],
  [
    'a blob that is replaced',
    `import { put } from '@vercel/blob';`,
    `await put(id, await request.blob(), { access: 'public', allowOverwrite: true }); return Response.json({});`,
    'update blob.stored_file self.url = client params.id',
  ],
  [
    'a filter of vectors',
    `import { Pinecone } from '@pinecone-database/pinecone'; const index = new Pinecone().index('notes');`,
    `const found = await index.query({ vector: [], topK: 3, filter: { team: user.teamId, note: id } }); return Response.json(found.matches);`,
    'read pinecone.vector (self.team = ‹tenant.id› and self.note = client params.id)',
  ],
  [
    'a key that searches within a filter',
    `import { algoliasearch } from 'algoliasearch'; const client = algoliasearch('app', 'key');`,
    `return Response.json(client.generateSecuredApiKey({ parentApiKey: 'key', restrictions: { filters: 'team:' + user.teamId } }));`,
    'read algolia.document self.filter = concat("team:", ‹tenant.id›)',
  ],
])('%s is a query on what the service keeps', (_, head, body, expected) => {
  const paths = trace(head, body);
  expect(filters(paths)).toEqual([expected]);
  expect(paths[0]?.escapes).toBe(true);
});

test('a blob under a name that nobody has yet replaces nothing', () => {
  const head = `import { put } from '@vercel/blob';`;
  expect(trace(head, `return Response.json(await put(id, 'text', { access: 'public' }));`)).toEqual([]);
});

test.each([
  ['the answer', 'response', true],
  ['a file', 'createWriteStream("copy")', false],
])('a stream that ends in %s', (_, end, expected) => {
  const { queries } = traceApp({
    'pages/api/file.ts': `${s3} import { pipeline } from 'node:stream/promises'; import { createWriteStream } from 'node:fs';
      export default async function handler(request, response) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: 'b', Key: request.query.id }));
        await pipeline(Body, ${end}); }`,
    'pages/api/piped.ts': `${s3} import { createWriteStream } from 'node:fs';
      export default async function handler(request, response) {
        const file = await client.send(new GetObjectCommand({ Bucket: 'b', Key: request.query.id }));
        (file.Body as Readable).pipe(${end}).on('error', () => {}); }`,
  });
  expect(queries.map(path => path.escapes)).toEqual([expected, expected]);
});
