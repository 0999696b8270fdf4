import { readFileSync } from 'node:fs';

/** The text of a SQL file: in UTF-8, or in UTF-16 as PowerShell writes what `pg_dump >` gives. */
export function readSqlText(path: string): string {
  return decodeSql(readFileSync(path));
}

/** What the bytes of a SQL file say, without the mark of their encoding. */
export function decodeSql(bytes: Buffer): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return swapped(bytes).toString('utf16le').slice(1);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || isWide(bytes))
    return bytes.toString('utf16le').replace(/^\uFEFF/, '');
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Every second byte of what is written in English is null then, and no byte of UTF-8 is. */
function isWide(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 64);
  return start.length >= 4 && start.filter((byte, index) => index % 2 === 1 && byte === 0).length > start.length / 4;
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2))).swap16();
}
