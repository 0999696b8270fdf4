import { createHash } from 'node:crypto';
import type { TenantKey } from '../exploit/seed-types.ts';

/** A mark found in an answer: whose it is and, where known, which column it came from. */
export interface Mark {
  readonly tenant: TenantKey;
  readonly table: string;
  readonly column: string;
  /** The text that was recognised. */
  readonly text: string;
}

/** Starts every canary; no real text holds it. */
export const canaryPrefix = 'zq7k';

const pattern = /zq7k([abc])([a-z2-7]{8})/gi;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** The canary of one tenant's column: same input, same text, lower case so that e-mail folding keeps it. */
export function canaryText(tenant: TenantKey, table: string, column: string): string {
  return `${canaryPrefix}${tenant.toLowerCase()}${columnCode(table, column)}`;
}

/** Finds canaries in a text and names their tables and columns. */
export function findCanaries(
  text: string,
  columns: ReadonlyMap<string, { readonly table: string; readonly column: string }>,
): readonly Mark[] {
  const found = new Map<string, Mark>();
  for (const match of text.matchAll(pattern)) {
    const tenant = toTenant(match[1]);
    const code = match[2]?.toLowerCase();
    if (tenant === undefined || code === undefined) continue;
    const place = columns.get(code) ?? { table: '', column: '' };
    found.set(match[0].toLowerCase(), { tenant, ...place, text: match[0].toLowerCase() });
  }
  return [...found.values()];
}

/** The eight letters that stand for a column in its canaries. */
export function columnCode(table: string, column: string): string {
  const digest = createHash('sha256').update(`${table}.${column}`).digest();
  return [...digest.subarray(0, 8)].map(byte => alphabet[byte % 32] ?? 'a').join('');
}

function toTenant(letter: string | undefined): TenantKey | undefined {
  const upper = letter?.toUpperCase();
  return upper === 'A' || upper === 'B' || upper === 'C' ? upper : undefined;
}
