import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { decodeHTML } from 'entities';

/** One way to read an answer. A leak that hides in one view shows in another. */
export interface View {
  readonly name: string;
  readonly text: string;
}

/** An answer as it came over the wire (content encoding removed). */
export interface RawAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

const deepest = 3;
const mostUnpacked = 8 * 1024 * 1024;

/** Every readable view of an answer: headers, text, entities, base64, percent and archives, nested a few levels deep. */
export function viewsOf(answer: RawAnswer): readonly View[] {
  const headers = answer.headers.map(([name, value]) => `${name}: ${value}`).join('\n');
  return [
    { name: 'headers', text: headers },
    ...unpackText(headers, 'headers', 1),
    ...unpackBytes(Buffer.from(answer.body), 'body', 0),
  ];
}

function unpackBytes(bytes: Buffer, name: string, depth: number): readonly View[] {
  if (depth > deepest || bytes.length === 0 || bytes.length > mostUnpacked) return [];
  const unpacked = unpackArchive(bytes, name, depth);
  if (unpacked.length > 0) return unpacked;
  const text = bytes.toString('utf8');
  return [{ name, text }, ...unpackText(text, name, depth), ...utf16View(bytes, name)];
}

function unpackArchive(bytes: Buffer, name: string, depth: number): readonly View[] {
  const [first, second] = bytes;
  if (first === 0x1f && second === 0x8b)
    return attempt(() =>
      unpackBytes(gunzipSync(bytes, { maxOutputLength: mostUnpacked }), `${name}, gunzipped`, depth + 1),
    );
  if (bytes.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004')))
    return zipEntries(bytes).flatMap(entry => unpackBytes(entry, `${name}, unzipped`, depth + 1));
  if (bytes.subarray(0, 5).toString('latin1') === '%PDF-')
    return pdfStreams(bytes).flatMap(entry => unpackBytes(entry, `${name}, PDF text`, depth + 1));
  return [];
}

function unpackText(text: string, name: string, depth: number): readonly View[] {
  const views: View[] = [];
  if (/&(?:#\d+|#x[0-9a-f]+|[a-z]+);/i.test(text))
    views.push({ name: `${name}, entities decoded`, text: decodeHTML(text) });
  if (/\\u00[0-9a-f]{2}|\\"/i.test(text)) views.push({ name: `${name}, unescaped`, text: unescapeJson(text) });
  if (/%[0-9a-f]{2}/i.test(text))
    views.push({
      name: `${name}, percent decoded`,
      text: text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    });
  if (depth >= deepest) return views;
  for (const match of text.matchAll(/[A-Za-z0-9+/_-]{20,}={0,2}/g)) {
    const decoded = Buffer.from(match[0], 'base64');
    if (isArchive(decoded) || looksLikeText(decoded))
      views.push(...unpackBytes(decoded, `${name}, base64 decoded`, depth + 1));
  }
  return views;
}

function isArchive(bytes: Buffer): boolean {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || bytes.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004'));
}

function looksLikeText(bytes: Buffer): boolean {
  return (
    bytes.length >= 12 &&
    bytes.subarray(0, 64).every(byte => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127))
  );
}

function utf16View(bytes: Buffer, name: string): readonly View[] {
  return bytes[0] === 0xff && bytes[1] === 0xfe ? [{ name: `${name}, UTF-16`, text: bytes.toString('utf16le') }] : [];
}

function unescapeJson(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\"', '"');
}

/** Local file headers only: enough for the archives that exports are made of. */
function zipEntries(bytes: Buffer): readonly Buffer[] {
  const entries: Buffer[] = [];
  let offset = 0;
  while (offset + 30 < bytes.length && entries.length < 200 && bytes.readUInt32LE(offset) === 0x04034b50) {
    const method = bytes.readUInt16LE(offset + 8);
    const size = bytes.readUInt32LE(offset + 18);
    const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
    const data = bytes.subarray(start, size === 0 ? bytes.length : start + size);
    entries.push(...attempt(() => [method === 8 ? inflateRawSync(data, { maxOutputLength: mostUnpacked }) : data]));
    if (size === 0) break;
    offset = start + size;
  }
  return entries;
}

function pdfStreams(bytes: Buffer): readonly Buffer[] {
  const text = bytes.toString('latin1');
  return [...text.matchAll(/stream\r?\n/g)].slice(0, 200).flatMap((match): readonly Buffer[] => {
    const data = bytes.subarray(match.index + match[0].length);
    const packed = attempt(() => [inflateSync(data, { maxOutputLength: mostUnpacked })]);
    return packed.length > 0 ? packed : [data.subarray(0, Math.max(0, data.indexOf('endstream')))];
  });
}

/** What looks like an archive and is none holds nothing to read. */
function attempt<T>(unpack: () => readonly T[]): readonly T[] {
  try {
    return unpack();
  } catch {
    return [];
  }
}
