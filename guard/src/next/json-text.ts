import { Duplex } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** A body that was read to its end because it looked like JSON, or the answer as it was. */
export type Peeked =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'other'; readonly response: Response };

/** Whether the type of an answer leaves open what it is: `new Response(JSON.stringify(rows))` says text. */
export function maybeJson(response: Response): boolean {
  return /^(?:text\/(?:plain|json)\b|$)/i.test(response.headers.get('content-type') ?? '') && response.body !== null;
}

/**
 * Reads an answer of text whole if it begins as JSON does. Anything else goes on as it came, so that a stream of words is not
 * held up.
 */
export async function peek(response: Response): Promise<Peeked> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const parts: Uint8Array[] = [];
  let looksLikeJson: boolean | undefined;
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    parts.push(part.value);
    looksLikeJson ??= beginsAsJson(part.value);
    if (looksLikeJson === false) return { kind: 'other', response: again(response, parts, reader) };
  }
  return { kind: 'text', text: Buffer.concat(parts).toString('utf8') };
}

/** Nothing where there was only space up to here. */
function beginsAsJson(part: Uint8Array): boolean | undefined {
  const first = new TextDecoder().decode(part).trimStart()[0];
  return first === undefined ? undefined : first === '{' || first === '[';
}

function again(
  { status, statusText, headers }: Response,
  read: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Response {
  const body = new ReadableStream<Uint8Array>({
    start: controller => read.forEach(part => controller.enqueue(part)),
    pull: async controller => {
      const part = await reader.read();
      if (part.value === undefined) controller.close();
      else controller.enqueue(part.value);
    },
    cancel: reason => reader.cancel(reason),
  });
  return new Response(body, { status, statusText, headers });
}

/** The answer as it was before the handler compressed it: what is narrowed is read first. Next.js and proxies compress again. */
export function decoded(response: Response): Response {
  const { body, status, statusText } = response;
  const headers = new Headers(response.headers);
  const names = (headers.get('content-encoding') ?? '').split(',').map(name => name.trim().toLowerCase());
  headers.delete('content-encoding');
  headers.delete('content-length');
  const plain = names.reduceRight<ReadableStream | null>((stream, name) => {
    const make = encodings[name];
    if (make === undefined) throw new TypeError(`An answer that is to be narrowed is compressed as '${name}'.`);
    return stream === null ? null : stream.pipeThrough(Duplex.toWeb(make()) as TransformStream<unknown, Uint8Array>);
  }, body);
  return new Response(plain, { status, statusText, headers });
}

const encodings: Readonly<Record<string, (() => Duplex) | undefined>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Text that only begins as JSON does is text. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
