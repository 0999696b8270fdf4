import type { SourceTexts } from '../source/source-set.ts';

const others: readonly (readonly [RegExp, string])[] = [
  [/['"](?:mysql2?|drizzle-orm\/(?:mysql2|planetscale-serverless|tidb-serverless))['"/]/, 'MySQL'],
  [/['"](?:better-sqlite3|@libsql\/client|drizzle-orm\/(?:better-sqlite3|libsql|d1|bun-sqlite))['"/]/, 'SQLite'],
  [/['"](?:mongodb|mongoose)['"]/, 'MongoDB'],
];
const postgres =
  /['"](?:pg|postgres|drizzle-orm\/(?:node-postgres|postgres-js)|@prisma\/adapter-pg|@vercel\/postgres|@neondatabase\/serverless)['"/]/;
const provider = /datasource\s+\w+\s*\{[^}]*\bprovider\s*=\s*"(\w+)"/;
const names = new Map([
  ['mysql', 'MySQL'],
  ['sqlite', 'SQLite'],
  ['sqlserver', 'SQL Server'],
  ['mongodb', 'MongoDB'],
  ['cockroachdb', 'CockroachDB'],
]);

/** The database of an app that has another one than Postgres, and the file that says so. */
export function otherEngine(texts: SourceTexts): { readonly name: string; readonly file: string } | undefined {
  const prisma = texts.files.find(file => file.endsWith('.prisma') && provider.test(texts.read(file) ?? ''));
  const named = prisma === undefined ? undefined : names.get(provider.exec(texts.read(prisma) ?? '')?.[1] ?? '');
  if (prisma !== undefined) return named === undefined ? undefined : { name: named, file: prisma };
  const sources = texts.files.filter(file => /\.[cm]?tsx?$/.test(file));
  if (sources.some(file => postgres.test(texts.read(file) ?? ''))) return undefined;
  for (const file of sources) {
    const found = others.find(([pattern]) => pattern.test(texts.read(file) ?? ''));
    if (found !== undefined) return { name: found[1], file };
  }
  return undefined;
}
