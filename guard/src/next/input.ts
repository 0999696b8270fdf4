import { GuardError } from '../errors.ts';
import { refuse } from '../refusal.ts';
import { publicIssues } from '../standard-schema.ts';
import type { MaybePromise } from './options.ts';
import type { InputIssue, StandardSchema } from '../standard-schema.ts';

/** An input that is not what was declared, and where. */
export class BadInput extends GuardError {
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[]) {
    super('bad-input', 'What was sent is not what the call declares.');
    this.issues = issues;
  }
}

/** What a schema makes of an input. */
export async function parseInput(schema: StandardSchema, read: () => unknown): Promise<unknown> {
  const input = await read();
  const result = await schema['~standard'].validate(input);
  if (result.issues === undefined) return result.value;
  throw badInput(publicIssues(result.issues, input));
}

/** The refusal of an input, reported. */
export function badInput(issues: readonly InputIssue[]): BadInput {
  refuse('bad-input', 'What was sent is not what the call declares.');
  return new BadInput(issues);
}

/** What came with a request: the query of a GET, otherwise the body by its type. */
export function readRequest(request: Request, maxBytes: number): MaybePromise<unknown> {
  if (request.method === 'GET' || request.method === 'HEAD') return fieldsOf(new URL(request.url).searchParams);
  return readSent(request, maxBytes);
}

async function readSent(request: Request, maxBytes: number): Promise<unknown> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const body = await readBody(request, maxBytes);
  if (body.byteLength === 0) return fieldsOf(new URL(request.url).searchParams);
  if (type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data')
    return fieldsOf(await formOf(request, body));
  return jsonOf(type, body);
}

/** Fields by name; a name that comes more than once is a list. */
export function fieldsOf(fields: Iterable<readonly [string, unknown]>): Readonly<Record<string, unknown>> {
  const found = new Map<string, unknown[]>();
  for (const [name, value] of fields) found.set(name, [...(found.get(name) ?? []), value]);
  return Object.fromEntries([...found].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

/** The body, read no further than the limit: what `content-length` says is only what the caller says. */
async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = (request.body as ReadableStream<Uint8Array> | null)?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > maxBytes) {
      // Not waited for: where the body was cloned, it would wait for whoever reads the other half.
      void reader?.cancel().catch(() => undefined);
      throw badInput([{ path: '', message: 'The body is too large.' }]);
    }
    chunks.push(part.value);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function formOf(request: Request, body: Uint8Array<ArrayBuffer>): Promise<FormData> {
  try {
    const headers = { 'content-type': request.headers.get('content-type') ?? '' };
    return await new Response(body, { headers }).formData();
  } catch {
    throw badInput([{ path: '', message: 'The form cannot be read.' }]);
  }
}

function jsonOf(type: string, body: Uint8Array): unknown {
  // A form of another site can send `text/plain`, which must not pass for JSON.
  if (type !== 'application/json' && !type.endsWith('+json'))
    throw badInput([{ path: '', message: 'The body has a type that is not read here.' }]);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    throw badInput([{ path: '', message: 'The body is not valid JSON.' }]);
  }
}
