import type { GuardSql } from './guard-sql.ts';
import type { Tool } from './options.ts';

/** Where the app keeps its migrations, and what is there. */
export interface MigrationFolder {
  readonly tool: Tool;
  /** Such as `drizzle`, `prisma/migrations` or `supabase/migrations`. */
  readonly folder: string;
  /** The names of the files and folders in it. */
  readonly present: readonly string[];
  /** The text of Drizzle's `meta/_journal.json`. */
  readonly journal?: string;
  /** What the migration is called; `guard` where nothing is said. */
  readonly name?: string;
}

/** A file to write. */
export interface MigrationFile {
  readonly path: string;
  readonly text: string;
}

/** The files of a migration, and the one that leads back, where no tool runs it by itself. */
export interface MigrationFiles {
  readonly files: readonly MigrationFile[];
  readonly reverse: MigrationFile;
}

/**
 * Puts what `guardSql` wrote into the files of a migration tool, after the migrations that are there.
 *
 * @example
 * const { files, reverse } = migrationFiles(guardSql(plan), { tool: 'prisma', folder: 'prisma/migrations', present });
 */
export function migrationFiles(sql: GuardSql, at: MigrationFolder): MigrationFiles {
  const name = at.name ?? 'guard';
  const path = (rest: string): string => `${at.folder}/${rest}`;
  const down = `${sql.down.join('\n')}\n`;
  switch (at.tool) {
    case 'drizzle': {
      const index = nextNumber(at.present);
      const tag = `${String(index).padStart(4, '0')}_${name}`;
      const journal = { path: path('meta/_journal.json'), text: withEntry(at.journal, tag, index) };
      return {
        files: [{ path: path(`${tag}.sql`), text: `${sql.up.join(`\n${breakpoint}\n`)}\n` }, journal],
        reverse: { path: path(`reverse/${tag}.sql`), text: down },
      };
    }
    case 'prisma': {
      // Prisma sends a file as one query; an index that is made concurrently must be alone in it.
      // https://www.prisma.io/docs/orm/prisma-migrate/workflows/customizing-migrations
      const stamp = nextStamp(at.present);
      const folders = [sql.up.join('\n'), ...sql.concurrent].map((text, index) => ({
        path: path(`${String(stamp + BigInt(index))}_${index === 0 ? name : `${name}_index_${index}`}/migration.sql`),
        text: `${text}\n`,
      }));
      return { files: folders, reverse: { path: path(`${stamp}_${name}/down.sql`), text: down } };
    }
    case 'supabase': {
      const stamp = nextStamp(at.present);
      const aside = at.folder.replace(/\/?migrations$/, '/rollback').replace(/^\//, '');
      return {
        files: [{ path: path(`${stamp}_${name}.sql`), text: `${sql.up.join('\n')}\n` }],
        reverse: { path: `${aside}/${stamp}_${name}.sql`, text: down },
      };
    }
    case 'plain': {
      const width = Math.max(3, ...at.present.map(file => /^\d+/.exec(file)?.[0].length ?? 0));
      const tag = (offset: number): string => String(nextNumber(at.present) + offset).padStart(width, '0');
      const first = { path: path(`${tag(0)}_${name}.sql`), text: `begin;\n${sql.up.join('\n')}\ncommit;\n` };
      const second = { path: path(`${tag(1)}_${name}_indexes.sql`), text: `${alone}${sql.concurrent.join('\n')}\n` };
      return {
        files: sql.concurrent.length === 0 ? [first] : [first, second],
        reverse: { path: path(`reverse/${tag(0)}_${name}.sql`), text: `begin;\n${down}commit;\n` },
      };
    }
  }
}

const breakpoint = '--> statement-breakpoint';
const alone = '-- Outside of a transaction, so that the app goes on writing: psql -f, never psql -1.\n';

function nextNumber(present: readonly string[]): number {
  const numbers = present.flatMap(file => /^(\d+)[^/]*\.sql$/.exec(file)?.[1] ?? []).map(Number);
  return numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
}

/** Counts on from the newest, so that the same folder always gives the same names. */
function nextStamp(present: readonly string[]): bigint {
  const stamps = present.flatMap(file => /^(\d{8,14})_/.exec(file)?.[1]?.padEnd(14, '0') ?? []).map(BigInt);
  return stamps.reduce((newest, stamp) => (stamp > newest ? stamp : newest), 19_999_999_999_999n) + 1n;
}

/** Drizzle runs what its journal lists, newer than what it ran last: https://orm.drizzle.team/docs/migrations */
function withEntry(text: string | undefined, tag: string, index: number): string {
  const journal = parsed(text);
  const last = journal.entries.at(-1);
  const when = (last?.when ?? 0) + 60_000;
  const entry = { idx: (last?.idx ?? index - 1) + 1, version: last?.version ?? '7', when, tag, breakpoints: true };
  return `${JSON.stringify({ ...journal, entries: [...journal.entries, entry] }, undefined, 2)}\n`;
}

interface Journal {
  readonly version: string;
  readonly dialect: string;
  readonly entries: readonly { readonly idx: number; readonly version: string; readonly when: number }[];
}

function parsed(text: string | undefined): Journal {
  const empty: Journal = { version: '7', dialect: 'postgresql', entries: [] };
  return text === undefined ? empty : { ...empty, ...(JSON.parse(text) as Partial<Journal>) };
}
